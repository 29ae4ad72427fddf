"""The table [journeys] of a rules file: what it may say, and what a journey then is."""

import pytest

from schemas.fact import Row
from streams.fold.conditions import Condition, When, equals
from streams.fold.contacts import ContactRules
from streams.fold.defaults import RULES
from streams.fold.fold import fold
from streams.fold.rules import DAY, JourneyRules
from streams.rules import parse
from streams.rules.journeys import journeys_of
from streams.rules.ruleset import shipped_text
from streams.rules.section import Section
from streams.rules.where import Where, read
from tests.streams.fold.histories import HOUR, START, fact
from throughline.errors import ConfigurationError

NOTHING = JourneyRules(1, {}, (), {}, ContactRules(), RULES.detectors)


def rules_of(body: str) -> JourneyRules:
    return parse(f"version = 2\n{body}\n").journeys


def test_the_shipped_file_leaves_nothing_to_the_code() -> None:
    where = Where(shipped_text())
    rules = journeys_of(Section(read(shipped_text())["journeys"], where, ("journeys",)), 1, NOTHING)
    where.check()
    assert rules == RULES


def test_a_list_takes_the_place_of_the_shipped_one() -> None:
    purchase = rules_of('[journeys.types.purchase]\ngoals = ["Booked"]').journeys[-1]
    assert (purchase.goals, purchase.opens) == (frozenset({"Booked"}), RULES.journeys[-1].opens)


def test_a_new_type_comes_before_those_that_ship_and_order_decides() -> None:
    lease = '[journeys.types.lease]\nopens = ["Lease Asked"]\ngoals = ["Lease Signed"]\nstage = "purchase"\n'
    assert [type.name for type in rules_of(lease).journeys][:2] == ["lease", "service"]
    ordered = rules_of('[journeys]\norder = ["purchase", "lease"]\n' + lease)
    assert [type.name for type in ordered.journeys] == ["purchase", "lease"]


def test_an_event_has_the_stage_that_the_file_gives_it() -> None:
    rules = rules_of(
        '[journeys.stages]\nretention = ["Page Viewed", {event = "Paid", where = {tier = "gold"}}]\nchurned = []'
    )
    assert (rules.stages["Page Viewed"], rules.stages["Screen Viewed"]) == ("retention", "awareness")
    assert rules.stages_when == (("retention", When("Paid", conditions=(equals("tier", "gold"),))),)
    assert "Unsubscribed" not in rules.stages


def test_rules_ask_for_channel_and_properties() -> None:
    returns = rules_of("""[journeys.types.return]
opens = [
    "Return Requested",
    {event = "Order Updated", channel = "store", where = {status = ["returned", "exchanged"], pieces = 2.0, gift = true}},
    {event = "Order Updated", where = {refund = {at_least = 0.01, at_most = 500}, voucher = {exists = false}}},
]""").journeys[1]
    assert returns.opens == frozenset({"Return Requested"})
    assert returns.when == (
        ("opens", When("Order Updated", "store",
                       (equals("gift", True), equals("pieces", 2), equals("status", "returned", "exchanged")))),
        ("opens", When("Order Updated", "", (Condition("refund", least=0.01, most=500), Condition("voucher", exists=False)))),
    )  # fmt: skip


def test_a_property_decides_whether_an_order_is_a_return() -> None:
    rules = rules_of('[journeys.types.return]\nopens = [{event = "Order Updated", where = {status = "returned"}}]')
    assert rules.looks.of("website", "Order Updated") == ("status",)

    def row(status: str) -> Row:
        told = fact("website", "Order Updated", 0, named=(("status", status),))
        return fold([told], rules, START)[told.key]

    assert (row("returned").journey_type, row("returned").stage) == ("return", "service")
    assert row("sent").journey_type == ""


def test_contacts_and_stays_come_from_the_file() -> None:
    rules = rules_of(
        '[journeys.types.service]\nstays = {service = "1 h"}\nabandoned_after = "14 d"\n'
        '[journeys.contacts]\nevents = ["Fax Received"]\n'
        '[journeys.contacts.answers.fax]\ncontacts = ["Fax Received"]\nreplies = ["Fax Sent"]\nwithin = "2 d"'
    )
    assert (rules.journeys[0].stays, rules.journeys[0].abandoned_after) == ({"service": HOUR}, 14 * DAY)
    assert rules_of('[journeys.types.service]\nabandoned_after = "2 d"').journeys[0].stays == {}
    fax = rules.contacts.expectation("fax")
    assert fax and (fax.within, fax.replies, rules.contacts.contacts) == (
        2 * DAY,
        frozenset({"Fax Sent"}),
        {"Fax Received"},
    )


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("[journeys.types.lease]\ngoals = []", "line 2: journeys.types.lease: no event opens it; name at least one in `opens`"),
        ('[journeys.types."Lease 1"]\nopens = ["A"]',
         'line 2: journeys.types."Lease 1": a journey type is named in a-z, 0-9 and _, at most 32 characters'),
        ('[journeys.types.purchase]\nopen = ["A"]',
         "line 3: journeys.types.purchase.open: it is not known; did you mean `opens`?"),
        ('[journeys.types.purchase]\nopens = "A"', 'line 3: journeys.types.purchase.opens: it must be a list, not "A"'),
        ("[journeys.types.purchase]\nopens = [1]",
         "line 3: journeys.types.purchase.opens: it must be a list of texts and tables; 1 is neither"),
        ('[journeys.types.service]\nstays = {service = "7 d"}',
         "line 3: journeys.types.service.stays.service: it must be shorter than `abandoned_after`: then the journey is over"),
        ('[journeys.types.purchase]\nopens = ["A", "A"]', 'line 3: journeys.types.purchase.opens: "A" stands in it twice'),
        ("[journeys.types.purchase]\nopens = [{where = {a = 1}}]",
         "line 3: journeys.types.purchase.opens[1]: it fits every event; name an `event` or a `channel`"),
        ('[journeys.types.purchase]\nopens = [\n  {event = "A", when = {a = 1}}\n]',
         "line 3: journeys.types.purchase.opens[1].when: it is not known; did you mean `where`?"),
        ('[journeys.types.purchase]\nopens = [{event = "A", where = {a = []}}]',
         "line 3: journeys.types.purchase.opens[1].where.a: it must be a value, values, or a table of at_least, at_most, "
         "exists, not an empty list"),
        ('[journeys.types.purchase]\nopens = [{event = "A", where = {a = {least = 1}}}]',
         "line 3: journeys.types.purchase.opens[1].where.a.least: it is not known; did you mean `at_least`?"),
        ('[journeys.types.purchase]\nopens = [{event = "A", where = {a = {}}}]',
         "line 3: journeys.types.purchase.opens[1].where.a: it asks for nothing; write at_least, at_most or exists"),
        ('[journeys.types.purchase]\nstage = "purchse"',
         'line 3: journeys.types.purchase.stage: "purchse" is not known; did you mean `purchase`?'),
        ('[journeys.types.purchase]\nstays = {purchse = "1 d"}',
         "line 3: journeys.types.purchase.stays.purchse: it is no stage; did you mean `purchase`?"),
        ('[journeys.types.onboarding]\nends_with = ["Signed Up"]',
         'line 3: journeys.types.onboarding.ends_with: "Signed Up" belongs to the type itself; name it in `goals`, or only here'),
        ('[journeys.stages]\nawareness = ["A"]\npurchase = ["A"]', 'line 4: journeys.stages.purchase: "A" is of awareness already'),
        ('[journeys]\norder = ["purchas"]', 'line 3: journeys.order: "purchas" is not known; did you mean `purchase`?'),
        ("[journeys]\nadvocate_from = 11", "line 3: journeys.advocate_from: 11.0 is more than 10"),
        ('[journeys.contacts.answers.fax]\nwithin = "soon"',
         'line 3: journeys.contacts.answers.fax.within: "soon" is no duration: write a number and ms, s, min, h or d, such as '
         '"30 min"'),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_with_line_and_reason(body: str, line: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse(f"version = 2\n{body}\n")
    assert str(refusal.value).splitlines() == [line]
