"""The rules that ship: what the shared event vocabulary means for sessions, journeys, stages and contacts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from schemas.channel import Channel
from streams.detectors import discover
from streams.fold.contacts import ContactRules, Expectation
from streams.fold.rules import DAY, HOUR, JourneyRules, JourneyType

MINUTE = 60_000

CONTACTS = frozenset({
    "Support Email Received", "Live Chat Conversation Started", "Call Started", "Social Message Received",
})  # fmt: skip

CONTACT_RULES = ContactRules(
    contacts=CONTACTS,
    repeat_within=7 * DAY,
    expectations=(
        Expectation("email", frozenset({"Support Email Received"}), frozenset({"Support Email Replied"}), DAY),
        Expectation("chat", frozenset({"Live Chat Conversation Started", "Live Chat Message Sent"}),
                    frozenset({"Live Chat Message Received"}), 10 * MINUTE),
        Expectation("social", frozenset({"Social Message Received"}), frozenset({"Social Message Replied"}), 4 * HOUR),
        Expectation("phone", frozenset({"Call Abandoned"}), frozenset({"Call Answered"}), DAY, by_thread=False),
    ),
)  # fmt: skip

SERVICE = JourneyType(
    "service",
    opens=CONTACTS | {"Live Chat Message Sent", "Call Abandoned"},
    goals=frozenset({"Support Email Replied", "Social Message Replied", "Ticket Resolved"}),
    goals_if_proven=frozenset({"Live Chat Conversation Ended", "Call Ended"}),
    proofs=frozenset({"Live Chat Message Received", "Call Answered"}),
    members=frozenset({"Call Transferred"}),
    reopens=CONTACTS | {"Live Chat Message Sent", "Call Abandoned"},
    channels=frozenset({"chat", "phone"}),
    abandoned_after=7 * DAY,
    reopened_within=7 * DAY,
    stage="service",
)

PURCHASE = JourneyType(
    "purchase",
    opens=frozenset({
        "Page Viewed", "Screen Viewed", "Application Opened", "Products Searched", "Product List Viewed",
        "Product Viewed", "Product Added", "Product Removed", "Cart Viewed", "Checkout Started", "Payment Info Entered",
        "Promotion Clicked", "Email Link Clicked", "Coupon Applied", "Store Visited", "Order Completed",
    }),
    goals=frozenset({"Order Completed"}),
    cancels=frozenset({"Order Cancelled"}),
    abandoned_after=30 * DAY,
    rest=True,
    again="loyalty",
)  # fmt: skip

PASSIVE = frozenset({
    "Email Delivered", "Email Bounced", "Campaign Delivered", "Survey Sent", "Support Email Replied",
    "Social Message Replied", "Live Chat Message Received", "Call Transferred", "Order Refunded",
})  # fmt: skip

_EVENTS_OF_STAGE = {
    "awareness": (
        "Page Viewed", "Screen Viewed", "Application Opened", "Promotion Viewed", "Campaign Delivered",
        "Email Delivered", "Email Opened", "Store Visited",
    ),
    "consideration": (
        "Products Searched", "Product List Viewed", "Product Viewed", "Product Added", "Product Removed", "Cart Viewed",
        "Promotion Clicked", "Email Link Clicked", "Coupon Applied",
    ),
    "purchase": ("Checkout Started", "Payment Info Entered", "Order Completed"),
    "onboarding": ("Signed Up",),
    "service": (*sorted(SERVICE.named), "Order Cancelled", "Order Refunded"),
    "advocacy": ("Product Shared", "Product Reviewed", "Invite Sent"),
    "churned": ("Unsubscribed", "Account Deleted"),
}  # fmt: skip

STAGES = {event: stage for stage, events in _EVENTS_OF_STAGE.items() for event in events}

RULES = JourneyRules(
    version=1, timeouts={}, journeys=(SERVICE, PURCHASE), stages=STAGES, contacts=CONTACT_RULES, detectors=discover(),
    passive=PASSIVE, conversations=frozenset({"phone"}),
)  # fmt: skip


def rules_for(timeouts: Mapping[str, int]) -> JourneyRules:
    """The rules that ship, with these session timeouts in ms per channel."""
    return replace(RULES, timeouts=dict(timeouts))


def default_rules(channels: Iterable[Channel]) -> JourneyRules:
    """The rules that ship, with the session timeouts of these channels."""
    return rules_for({channel.name: channel.session_timeout_ms for channel in channels})
