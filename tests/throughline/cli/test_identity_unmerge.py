"""An operator parts a customer and joins it again, on real servers with a real worker."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.ids import NONE
from schemas.messages import Claim, encode
from schemas.topics import CLAIMS
from sources.generator import people
from tests.pipeline.house import House
from tests.pipeline.torture import Said, member, year_of
from throughline.cli import build

HOUSEHOLDS = (1, 41, 81, 121)
CARD, EMAIL = "loyalty_id:81", f"email:{people.household(7, 81).emails[0]}"
BECAUSE = ("--reason", "the address of a neighbour")


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, clickhouse: ClickHouse) -> Iterator[House]:
    """A house where the cut came before all events."""
    with House(tmp_path_factory.mktemp("first"), kafka, clickhouse, run="cutfirst") as house:
        ends = member(house, "loyalty_id", "81"), member(house, "email", EMAIL.removeprefix("email:"))
        cut = Claim("cut", *ends, 0, 0, "operator", NONE[:15] + b"1", "known from the beginning")
        house.start([1])
        house.emit([Said(house.settings.topic_prefix + CLAIMS, None, encode(cut))])
        house.settle(60)
        house.emit(year_of(house, HOUSEHOLDS))
        house.settle(60)
    yield house


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, clickhouse: ClickHouse) -> Iterator[House]:
    """A house where nobody has cut anything yet."""
    with House(tmp_path_factory.mktemp("later"), kafka, clickhouse, run="cutlater") as house:
        house.start([1])
        house.emit(year_of(house, HOUSEHOLDS))
        house.settle(60)
        yield house


@pytest.fixture
def typed(joined: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr("throughline.cli._identity_unmerge.load", lambda folder: joined.settings)
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


def test_without_a_worker_the_command_says_what_is_pending_and_that_it_is_recorded(typed: House) -> None:
    typed.stop()
    said = refused("unmerge", CARD, EMAIL, *BECAUSE, "--timeout", "1")
    assert "recorded: cut " in said
    assert "after 1 s the resolver has yet to decide 1 claims; see `throughline status`" in said
    typed.start([1])
    typed.settle(60)
    told(["relink", CARD, EMAIL, *BECAUSE])
