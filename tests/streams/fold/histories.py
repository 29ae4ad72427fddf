"""Histories for property tests: few facts, close together in everything that matters, so that rules collide."""

from dataclasses import replace
from itertools import product

from hypothesis import strategies as st

from schemas.fact import Fact, version_of
from streams.fold.conditions import Condition, When, equals
from streams.fold.defaults import rules_for
from streams.fold.rules import DAY, HOUR

MINUTE = 60_000
START = 1_700_000_000_000
RULES = rules_for({
    "website": 30 * MINUTE, "chat": 30 * MINUTE, "email": 24 * HOUR, "social": 24 * HOUR, "store": 60 * MINUTE,
    "phone": HOUR, "survey": 24 * HOUR, "post": 24 * HOUR,
})  # fmt: skip

KINDS = [
    ("website", "Page Viewed"), ("website", "Product Viewed"), ("website", "Checkout Started"),
    ("website", "Order Completed"), ("website", "Order Cancelled"), ("website", "Something Else"),
    ("email", "Email Delivered"), ("email", "Unsubscribed"),
    ("email", "Support Email Received"), ("email", "Support Email Replied"), ("chat", "Live Chat Conversation Started"),
    ("chat", "Live Chat Message Sent"), ("chat", "Live Chat Message Received"),
    ("chat", "Live Chat Conversation Ended"),
    ("phone", "Call Started"), ("phone", "Call Answered"), ("phone", "Call Abandoned"), ("phone", "Call Ended"),
    ("store", "Order Completed"), ("social", "Social Message Received"), ("social", "Social Message Replied"),
    ("survey", "Survey Answered"), ("chat", "Order Completed"), ("website", "Return Requested"), ("store", "Order Refunded"),
    ("website", "Return Cancelled"), ("website", "Signed Up"), ("app", "Onboarding Completed"), ("email", "Trial Ended"),
    ("email", "Renewal Reminder Sent"), ("website", "Subscription Renewed"), ("website", "Subscription Cancelled"),
    ("website", "Subscription Updated"), ("email", "Order Delivered"), ("website", "Account Deleted"),
    ("website", "Form Started"), ("website", "Form Started"), ("website", "Form Submitted"), ("app", "Form Started"),
    ("app", "Form Submitted"), ("website", "Element Clicked"),
]  # fmt: skip
NAMED = [
    (),
    (("form_id", "a"),),
    (("form_id", "b"), ("form_name", "a")),
    (("plan", "free"),),
    (("plan", "gold"), ("seats", "12")),
    (("seats", "3"),),
]
MORE = [  # in one draw, since each draw costs more than a fold
    {"thread": thread, "value": value, "currency": currency, "about": about, "location": location, "named": named}
    for thread, value, currency, about, location, named in product(
        ["", "", "a", "b"], [0, 990_000], ["", "EUR"], ["", "", "a"], ["", "", "/b"], NAMED
    )
]
PICKY = replace(
    RULES,
    journeys=tuple(replace(type, when=rules) for type, rules in zip(RULES.journeys, (
        (("opens", When("Subscription Updated", conditions=(Condition("plan", exists=False),))),),
        (),
        (("goals", When("Subscription Updated", conditions=(equals("plan", "gold"), Condition("seats", least=10)))),
         ("abandons", When(channel="app", conditions=(Condition("seats", most=5),)))),
        (("members", When("Page Viewed", "website")), ("cancels", When("Subscription Updated"))),
        (("opens", When("Something Else", conditions=(equals("plan", "gold", "free"),))),),
    ), strict=True)),
    stages_when=(("churned", When("Subscription Updated", conditions=(equals("plan", "free"),))),),
)  # fmt: skip

GAPS = [0, 1, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, 4 * HOUR, 24 * HOUR, 24 * HOUR + 1, 3 * DAY,
        7 * DAY, 7 * DAY + 1, 30 * DAY, 30 * DAY + 1]  # fmt: skip
DELAYS = [0, 1, HOUR, 72 * HOUR, 72 * HOUR + 1]
MOSTLY_NONE = [*[0] * 16, *DELAYS]


def fact(channel: str, event: str, at: int, *, number: int = 0, node: int = 1, delay: int = 0, **more: object) -> Fact:
    """A fact at `at` ms after START; `number` names the event."""
    time = START + at
    plain = Fact(bytes([node] * 16), time, bytes([number] * 16), time, time + delay, version_of(time + delay, number),
                 channel, event, "", 0, "", "", 0.0, "")  # fmt: skip
    return plain._replace(**more)


@st.composite
def histories(draw: st.DrawFn, most: int = 10) -> list[Fact]:
    """Facts of one customer by event time, some of them late, duplicate, or better versions of each other."""
    at, facts = 0, []
    for _ in range(draw(st.integers(1, most))):
        if facts and draw(st.integers(0, 7)) == 0:
            facts.append(_twin(draw, draw(st.sampled_from(facts))))
            continue
        at += draw(st.sampled_from(GAPS))
        channel, event = draw(st.sampled_from(KINDS))
        metric = draw(st.sampled_from(["nps", "csat", "ces"])) if channel == "survey" else ""
        facts.append(
            fact(
                channel, event, at, number=draw(st.integers(0, 250)), node=draw(st.integers(1, 3)),
                delay=draw(st.sampled_from(MOSTLY_NONE)), metric=metric, score=float(draw(st.integers(0, 10))) if metric else 0.0,
                **draw(st.sampled_from(MORE)),
            )
        )  # fmt: skip
    return facts


def _twin(draw: st.DrawFn, fact: Fact) -> Fact:
    """The same event again: under another node, corrected by another clock, or received at another time."""
    received = fact.received_at + draw(st.sampled_from([0, 1, HOUR, 100 * HOUR]))
    shift = draw(st.sampled_from([0, 0, 3]))
    return fact._replace(
        node=bytes([draw(st.integers(1, 3))] * 16), event_time=fact.event_time + shift, received_at=received,
        version=version_of(received, draw(st.integers(0, 2))),
    )  # fmt: skip


DAYS = [0, 1, 2, 7, 10, 30, 50, 2000]
NOWS = st.sampled_from([0, START - 1, START + HOUR, *(START + days * DAY for days in DAYS)])
