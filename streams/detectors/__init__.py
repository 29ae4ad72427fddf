"""Friction detectors, one file each. A new one is a file here with an attribute `detector`, and its test."""

from functools import cache

import streams.detectors
from streams.detectors.contract import Detector
from throughline.discovery import discover as _discover


@cache
def discover() -> tuple[Detector, ...]:
    """Every detector of this folder, in the order of names. Raises ConfigurationError for a file without one."""
    found = _discover(streams.detectors, "detector", Detector, skip=("contract",))
    return tuple(sorted(found, key=lambda detector: detector.name))
