"""An operator parts a customer and joins it again, lifts a quarantine, rehearses rules: real servers, a real worker."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.ids import NONE
from schemas.messages import Claim, encode
from schemas.topics import CLAIMS, public_topic
from sources.generator import people
from tests.pipeline.house import House
from tests.pipeline.torture import Said, member, year_of
from throughline.cli import build
from throughline.cli._operator import Desk
from throughline.cli._ruling import apply_rules
from throughline.cli.rules import read
from throughline.clock import iso
from throughline.lag import LagReader

HOUSEHOLDS = (1, 41, 81, 121)
CARD, EMAIL = "loyalty_id:81", f"email:{people.household(7, 81).emails[0]}"
BECAUSE = ("--reason", "the address of a neighbour")


@pytest.fixture(scope="module")
def houses(
    tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, clickhouse: ClickHouse
) -> Iterator[tuple[House, House]]:
    """One where the cut came before all events, at rest and without a worker; one where nobody has cut anything yet."""
    folder = tmp_path_factory.mktemp("acting")
    with House(folder, kafka, clickhouse, run="first") as first, House(folder, kafka, clickhouse, run="later") as later:
        ends = member(first, "loyalty_id", "81"), member(first, "email", EMAIL.removeprefix("email:"))
        cut = Claim("cut", *ends, 0, 0, "operator", NONE[:15] + b"1", "known from the beginning")
        first.emit([Said(first.settings.topic_prefix + CLAIMS, None, encode(cut))])
        first.start([1])
        later.start([1])
        later.emit(year_of(later, HOUSEHOLDS))
        first.settle(60)
        first.emit(year_of(first, HOUSEHOLDS))
        first.settle(60)
        first.stop()
        later.settle(60)
        yield first, later


@pytest.fixture
def parted(houses: tuple[House, House]) -> House:
    return houses[0]


@pytest.fixture
def typed(houses: tuple[House, House], monkeypatch: pytest.MonkeyPatch) -> House:
    _, joined = houses
    for module in ("unmerge", "release", "rehearse"):
        monkeypatch.setattr(f"throughline.cli._identity_{module}.load", lambda folder: joined.settings)
    monkeypatch.setenv("COLUMNS", "120")
    return joined


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build("identity"), ["identity", *arguments])


def told(arguments: Sequence[str]) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def refused(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 1
    return str(result.exception)


def test_a_cut_that_comes_late_ends_as_one_that_came_first_and_withdrawn_as_none(typed: House, parted: House) -> None:
    never = typed.checksums()
    effect = told(["unmerge", CARD, EMAIL, *BECAUSE])
    assert typed.checksums() == parted.checksums() != never
    (one,), sides = effect["before"], effect["after"]
    assert len(sides) > 1
    assert one["touchpoints"] == sum(side["touchpoints"] for side in sides)
    assert sorted(one["identifiers"]) == sorted(name for side in sides for name in side["identifiers"])
    others = [side["touchpoints"] for side in sides if side["customer_id"] != one["customer_id"]]
    assert effect["touchpoints_moved"] == sum(others) > 0
    assert 0 < effect["seconds"]["decided"] < effect["seconds"]["folded"] < 30
    assert effect["decided_at"]
    id = effect["claims"][0]["id"]
    assert id in refused("unmerge", CARD, EMAIL, *BECAUSE)
    again = told(["unmerge", "--withdraw", id, "--reason", "it was theirs"])
    assert typed.checksums() == never
    assert again["before"] == effect["after"]
    assert again["after"] == effect["before"]
    assert "withdrawn already" in refused("unmerge", "--withdraw", id, "--reason", "again")


def test_cuts_are_found_between_any_two_identifiers_of_the_parted(typed: House) -> None:
    never = typed.checksums()
    result = run("unmerge", CARD, EMAIL, *BECAUSE)
    assert "are never one customer" in result.stdout
    assert "To withdraw it: throughline identity unmerge --withdraw" in result.stdout
    back = told(["relink", EMAIL, CARD, "--reason", "theirs after all"])
    assert [each["kind"] for each in back["claims"]] == ["uncut"]
    assert typed.checksums() == never
    assert "no cut holds" in refused("relink", EMAIL, CARD, "--reason", "once more")


def test_a_cut_may_come_before_the_two_have_ever_met(typed: House) -> None:
    assert "--anyway keeps them apart" in refused("unmerge", CARD, "loyalty_id:41", *BECAUSE)
    effect = told(["unmerge", CARD, "email:not@seen.example", *BECAUSE, "--anyway"])
    assert effect["touchpoints_moved"] == 0
    told(["relink", CARD, "email:not@seen.example", *BECAUSE])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((CARD, "email:nobody@example.org", *BECAUSE), "no customer has email:nobody@example.org"),
        ((CARD, "order_id:27601281299", *BECAUSE), "is of a transaction and joins no customers"),
        ((CARD, CARD, *BECAUSE), "are one identifier"),
        ((CARD, EMAIL), "a reason is needed"),
        ((CARD, EMAIL, "--reason", "x" * 1001), "has 1,001 characters"),
        ((CARD,), "name two identifiers"),
        (("--withdraw", "nonsense"), "is no id of a cut"),
        (("--withdraw", "00000000-0000-0000-0000-000000000009", *BECAUSE), "no cut has the id"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(typed: House, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("unmerge", *arguments)


def crowd(house: House, email: str) -> list[Said]:
    """An e-mail address that is seen with as many others as lead to quarantine, today."""
    at = time.time_ns() // 1_000_000
    events = [
        {
            "event_id": f"{email}-{number}", "event": "Page Viewed", "channel": "website", "source": "shop",
            "timestamp": iso(at - number), "identifiers": {"email": email, "device_id": f"{email}-{number}"},
        }
        for number in range(50)
    ]  # fmt: skip
    topic = public_topic("website", house.settings.topic_prefix)
    return [Said(topic, f"email:{email}".encode(), json.dumps(event).encode()) for event in events]


def test_a_quarantine_is_lifted_and_comes_back(typed: House) -> None:
    typed.emit(crowd(typed, "family@example.org"))
    typed.settle(60)
    quarantined = typed.checksums()
    effect = told(["release", "email:family@example.org", "--reason", "a large family"])
    assert len(effect["before"]) == 1 + 5  # the address and as many devices as one customer may hold in a year
    (one,) = effect["after"]
    assert len(one["identifiers"]) == 6
    assert typed.checksums() != quarantined
    id = effect["claims"][0]["id"]
    assert id in refused("release", "family@example.org", *BECAUSE)
    back = told(["release", "--withdraw", id, "--reason", "no family"])
    assert len(back["after"]) == 6
    assert typed.checksums() == quarantined
    assert "withdrawn already" in refused("release", "--withdraw", id, *BECAUSE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((CARD, *BECAUSE), "is not in quarantine; --anyway keeps it out for good"),
        ((), "name an identifier"),
        (("--withdraw", "00000000-0000-0000-0000-000000000009", *BECAUSE), "no release has the id"),
    ],
)
def test_a_release_that_makes_no_sense_is_refused(typed: House, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("release", *arguments)


RULES = """
version = 7

[identity.types]
email = { limit = 1 }
anonymous_id = { limit = 1, window = "ever" }
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    return file


def rows(house: House) -> Any:
    """The rows of every table, and the ends of every topic."""
    store = house.settings.clickhouse.store_database
    tables = house.ask(f"SELECT name, total_rows FROM system.tables WHERE database = '{store}' ORDER BY name")
    with LagReader(house.settings.kafka, "nobody") as lag:
        topics = [topic for topic in lag.topics() if topic.startswith(house.settings.topic_prefix)]
        return tables, [(each.topic, each.partition, each.end) for each in lag.extents(topics)]


def test_a_rehearsal_touches_nothing_and_tells_what_would_change(typed: House, rules: Path) -> None:
    before, checksums = rows(typed), typed.checksums()
    found = told(["rehearse", str(rules)])
    assert (rows(typed), typed.checksums()) == (before, checksums)
    assert found["rules"] == {"present": 1, "proposed": 7}
    assert found["differ"] == {"identity": True, "journeys": False}
    assert found["customers"]["merged"] == []
    assert len(found["customers"]["split"]) > 0
    assert found["largest"]["before"][0]["identifiers"] > found["largest"]["after"][0]["identifiers"]
    measures = {each["name"]: each for each in found["measures"]}
    assert measures["customers"]["before"] == typed.ask("SELECT count() FROM customers")[0][0]
    assert measures["customers"]["change"] > 0
    assert measures["touchpoints"]["change"] == 0
    assert measures["orders per customer"]["change"] < 0
    assert found["folded"] == [{"folded": len(found["customers"]["split"]), "all": len(found["customers"]["split"])}]


def test_what_is_rehearsed_is_what_the_views_say_before(typed: House, rules: Path) -> None:
    """The same rules again: nothing differs, and the measures of now are those of the views."""
    rules.write_text("version = 9")
    found = told(["rehearse", str(rules)])
    assert found["touchpoints_moved"] == 0
    measures = {each["name"]: each["before"] for each in found["measures"]}
    journeys = typed.ask("SELECT concat('journeys ', journey_type, ' ', outcome), count() FROM journeys GROUP BY 1")
    friction = typed.ask("SELECT concat('friction ', signal), count() FROM friction GROUP BY 1")
    for name, count in (*journeys, *friction):
        assert measures[name.decode()] == count
    assert all(each["change"] in (0, None) for each in found["measures"])


def test_a_rehearsal_for_people_names_customers_and_says_what_is_estimated(typed: House, rules: Path) -> None:
    result = run("rehearse", str(rules), "--sample", "1")
    assert "Rules 7 against the present rules 1: they differ in identity." in result.stdout
    assert "split loyalty_id:" in result.stdout
    assert "Estimated: 1 folded by chance stand for" in result.stdout, result.stdout


def test_other_journeys_are_rehearsed_too(typed: House, rules: Path) -> None:
    rules.write_text('version = 2\n[journeys]\nsession_at_most = "1 min"\n')
    found = told(["rehearse", str(rules), "--sample", "0"])
    assert found["differ"] == {"identity": False, "journeys": True}
    measures = {each["name"]: each for each in found["measures"]}
    assert measures["sessions"]["change"] > 0
    assert measures["customers"]["change"] == 0
    (all,), (some,) = found["folded"], told(["rehearse", str(rules), "--sample", "2"])["folded"]
    assert all["folded"] == all["all"] == some["all"] == measures["customers"]["before"]
    assert some["folded"] == 2


def test_wrong_rules_are_refused_with_their_line(typed: House, rules: Path) -> None:
    rules.write_text("version = 2\n[identity]\nquarantine_at = 'many'\n")
    assert "rules.toml, line 3: " in refused("rehearse", str(rules))
    assert "cannot be read" in refused("rehearse", str(rules) + ".no")


def test_without_a_worker_the_command_says_what_is_pending_and_that_it_is_recorded(
    typed: House, parted: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("throughline.cli._identity_unmerge.load", lambda folder: parted.settings)
    said = refused("unmerge", "loyalty_id:41", people.household(7, 41).emails[0], *BECAUSE, "--timeout", "1")
    assert "recorded: cut " in said
    assert re.search(
        r"after 1 s the resolver has come to claim \d+ only, not yet to \d+; see `throughline status`", said
    )


def test_what_is_rehearsed_is_what_the_rules_then_do(typed: House, rules: Path) -> None:
    promised = told(["rehearse", str(rules)])
    with Desk(typed.settings) as desk:
        apply_rules(desk, read(rules), 60, lambda words, done, all: None)
    rules.write_text(RULES.replace("version = 7", "version = 8"))
    kept = told(["rehearse", str(rules)])
    assert kept["rules"] == {"present": 7, "proposed": 8}
    assert kept["differ"] == {"identity": False, "journeys": False}
    now = {each["name"]: each["before"] for each in kept["measures"]}
    assert now == {each["name"]: pytest.approx(each["after"]) for each in promised["measures"]}
    assert kept["largest"]["before"] == promised["largest"]["after"]
