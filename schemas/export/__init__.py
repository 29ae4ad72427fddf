"""The public contract as documents for other tools: JSON Schema 2020-12 for each channel, AsyncAPI 3 for all topics."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schemas.channel import Channel
from schemas.export.asyncapi import asyncapi_document
from schemas.export.json_schema import channel_schema
from throughline.settings import Settings


def documents(settings: Settings, channels: Iterable[Channel]) -> dict[str, dict[str, Any]]:
    """Every document by its file name."""
    known = sorted(channels, key=lambda channel: channel.name)
    schemas = {f"touchpoints.{channel.name}.schema.json": channel_schema(channel) for channel in known}
    return {"asyncapi.json": asyncapi_document(settings, known)} | schemas


def write(folder: Path, contents: dict[str, dict[str, Any]]) -> list[Path]:
    """Writes them as JSON files, the same bytes for the same contract, and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return paths
