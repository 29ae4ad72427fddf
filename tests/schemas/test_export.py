import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest

from schemas.export import documents, write
from schemas.messages import Decided, encode_json
from sources.channels import discover
from throughline.settings import Settings

DOCUMENTS = documents(Settings(topic_prefix="t."), discover())
GOOD: dict[str, Any] = {
    "event_id": "e1",
    "event": "Order Completed",
    "channel": "store",
    "source": "till",
    "original_timestamp": "2026-11-25T07:12:03.000Z",
    "identifiers": {"loyalty_id": "1"},
    "properties": {"revenue": "12.34", "products": [{"price": 1.5}], "anything": [1]},
}


def valid(**changes: Any) -> bool:
    schema = DOCUMENTS["touchpoints.store.schema.json"]
    return bool(jsonschema.Draft202012Validator(schema).is_valid({**GOOD, **changes}))


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "asyncapi.json"])
def test_each_channel_has_a_json_schema_of_2020_12(name: str) -> None:
    assert DOCUMENTS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(DOCUMENTS[name])


def test_a_good_event_is_valid_and_so_is_one_under_a_name_of_your_own() -> None:
    assert valid()
    assert valid(event="Balloon Given", properties={"revenue": ["free"]})


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "website"},
        {"properties": {"revenue": "much"}},
        {"identifiers": {"fax": "1"}},
        {"event_id": ""},
        {"assurance": 5},
    ],
)
def test_what_the_decoder_refuses_is_not_valid(changes: dict[str, Any]) -> None:
    assert not valid(**changes)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = DOCUMENTS["asyncapi.json"]
    assert document["asyncapi"] == "3.0.0"
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from references(value)


def test_the_asyncapi_document_names_topics_and_every_event() -> None:
    document = DOCUMENTS["asyncapi.json"]
    assert document["channels"]["store"]["address"] == "t.touchpoints.store"
    titles = {message["title"] for message in document["components"]["messages"].values()}
    assert {f"{model.event} ({channel.name})" for channel in discover() for model in channel.events} < titles


def test_the_asyncapi_document_says_what_a_decision_looks_like() -> None:
    document = DOCUMENTS["asyncapi.json"]
    assert document["channels"]["identity_decisions"]["address"] == "t.identity.decisions"
    said = msgspec.json.decode(encode_json(Decided(7, "merge", *["u"] * 3, "allowed", "why", ["e"], 1, "2026-11-25")))
    jsonschema.validate(said, document["components"]["schemas"]["Decided"])


def test_the_same_contract_is_written_as_the_same_bytes(tmp_path: Path) -> None:
    once, twice = ([path.read_bytes() for path in write(tmp_path / name, DOCUMENTS)] for name in ("a", "b"))
    assert once == twice
    assert json.loads(once[0])["asyncapi"] == "3.0.0"
