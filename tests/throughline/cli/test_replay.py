from itertools import pairwise
from pathlib import Path

import pytest

from sources import complete_journey
from sources.generator import SOURCES, Item
from throughline.cli._replay import DAY, START, records, trust
from throughline.settings import Settings, load


def test_real_and_generated_touches_come_as_one_stream_in_order_of_time() -> None:
    some = list(records(days=4, topic_prefix="p."))
    assert all(a.at <= b.at for a, b in pairwise(some))
    assert {isinstance(record, Item) for record in some} == {True, False}
    assert all(record.topic.startswith("p.touchpoints.") for record in some)


def test_the_first_days_hold_all_real_events_until_then() -> None:
    real = [record for record in records(days=4, topic_prefix="") if not isinstance(record, Item)]
    assert len(real) == sum(record.at < START + 4 * DAY for record in complete_journey.records())


def test_the_sources_of_the_demo_are_believed_beside_those_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("THROUGHLINE_INTAKE__TRUSTED_SOURCES", "[]")
    monkeypatch.setenv("THROUGHLINE_IDENTITY__CAPS", "{}")
    trust(Settings(intake={"trusted_sources": ["till"]}, identity={"caps": {"till": 4, "generated-email": 2}}))
    made = load(tmp_path)
    assert made.intake.trusted_sources == {"till", complete_journey.SOURCE, *SOURCES}
    assert made.identity.caps["till"] == 4 and made.identity.caps["generated-chat"] == 4
    assert made.identity.caps["generated-email"] == 2
