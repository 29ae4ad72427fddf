import json
from decimal import Decimal
from uuid import UUID

import pytest
from rich.console import Console
from typer.testing import CliRunner

from queries.journeys import Customer, Journey, Touchpoint
from tests.pipeline.house import House
from throughline.cli import build
from throughline.cli._timeline import gap, mood_of, name_of, show
from throughline.cli.journey import find, plain

AT, DAY = 1_790_000_000_000, 86_400_000
ORDER, JOURNEY = UUID(int=1), UUID(int=2)


@pytest.fixture
def wide(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr("throughline.cli.journey.load", lambda folder: house.settings)
    monkeypatch.setenv("COLUMNS", "100")
    return house


def ask(*arguments: str) -> str:
    answer = CliRunner().invoke(build("journey"), ["journey", *arguments], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.output


def test_a_journey_tells_who_what_and_where_it_hurt(wide: House) -> None:
    told = ask("kc-1")
    assert "email         anna@example.org" in told
    assert "anonymous_id  cookie-1" in told
    assert "5 touchpoints" in told
    lines = [line for line in told.splitlines() if "→ store" in line]
    assert "Order Completed 12.50" in lines[-1]
    assert "! low_score NPS of 1 out of 10" in told
    assert "“too [slow]”" in told


def test_no_line_is_wider_than_the_terminal(wide: House) -> None:
    assert max(len(line) for line in ask("kc-1").splitlines()) <= 100


def test_only_the_last_touchpoints_and_their_journeys_are_shown(wide: House) -> None:
    told = ask("kc-1", "--last", "1")
    assert "4 earlier touchpoints; --last 0 shows all" in told
    assert "Signed In" not in told
    assert "Signed In" in ask("kc-1", "--last", "0")


def test_json_has_everything_in_plain_values(wide: House) -> None:
    told = json.loads(ask("anna@example.org", "--json"))
    assert told == plain(find(wide.settings, "loyalty_id:KC-1"))
    assert [each["event"] for each in told["touchpoints"]][:2] == ["Page Viewed", "Signed In"]
    assert told["touchpoints"][2]["value"] == "12.5"


def test_a_text_with_markup_breaks_nothing(wide: House) -> None:
    console = Console(width=100, record=True, quiet=False, file=None)
    with console.capture() as capture:
        show(find(wide.settings, "cookie-1"), console)
    assert "too [slow]" in capture.get()


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0, ""), (999, ""), (13_000, "13 s"), (120_000, "2 min"), (5_400_000, "2 h"), (86_400_000 * 3263, "3263 d")],
)
def test_a_gap_is_told_in_its_largest_unit(milliseconds: int, said: str) -> None:
    assert gap(milliseconds) == said


def test_journeys_have_short_names() -> None:
    assert [name_of(number) for number in (0, 25, 26, 53)] == ["A", "Z", "A1", "B2"]


def test_a_mood_is_a_curve_of_bars_red_below_the_middle() -> None:
    assert mood_of([-1, -0.5, 0.5, 1]) == "[red]▁[/][red]▃[/][green]▆[/][green]█[/]"
    assert mood_of([]) == ""


def told(number: int, event: str, **more: object) -> Touchpoint:
    plain = Touchpoint(
        AT + number * DAY, "chat", event, "service", "folded", JOURNEY, "", Decimal(0), Decimal(0), "", JOURNEY, "", 0, "", "",
        "", "", None, "", "", "", Decimal(0), None, "", None, False,
    )  # fmt: skip
    return plain._replace(**more)


def test_a_journey_shows_its_stages_its_mood_and_what_it_is_about() -> None:
    journeys = [
        Journey(ORDER, "purchase", "completed", AT, AT, 1, 1, 0, ["store"], 0, Decimal(20), "EUR", "purchase", [], None),
        Journey(JOURNEY, "service", "open", AT, AT + DAY, 2, 1, 1, ["chat", "store"], 0, Decimal(0), "", "churned",
                [(AT, -0.9), (AT + DAY, 0.8)], ORDER),
    ]  # fmt: skip
    touchpoints = [
        told(0, "Order Completed", journey_id=ORDER, stage="purchase"),
        told(0, "Live Chat Message Sent", sentiment=-0.9, sentiment_source="measured"),
        told(3, "Account Deleted", stage="churned", previous_stage="service", seconds_in_previous_stage=Decimal(3 * 86_400),
             sentiment=0.8, sentiment_source="score"),
    ]  # fmt: skip
    console = Console(width=80, highlight=False)
    with console.capture() as capture:
        show(Customer(ORDER, [], journeys, touchpoints, []), console)
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    [service] = [line for line in lines if "service of A" in line]
    assert "▁▇" in service
    assert any("service 3 d →" in line for line in lines)
    assert any(line.rstrip().endswith("B~▁") for line in lines)
    assert any(line.rstrip().endswith("B ▇") for line in lines)
    assert "~ mood measured from words, not asked for" in lines
