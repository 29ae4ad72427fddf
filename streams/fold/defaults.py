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
    opens=CONTACTS | {"Live Chat Message Sent", "Call Abandoned", "Ticket Created"},
    goals=frozenset({"Support Email Replied", "Social Message Replied", "Ticket Resolved"}),
    goals_if_proven=frozenset({"Live Chat Conversation Ended", "Call Ended"}),
    proofs=frozenset({"Live Chat Message Received", "Call Answered"}),
    members=frozenset({"Call Transferred"}),
    reopens=CONTACTS | {"Live Chat Message Sent", "Call Abandoned", "Ticket Reopened"},
    channels=frozenset({"chat", "phone"}),
    abandoned_after=7 * DAY,
    reopened_within=7 * DAY,
    stage="service",
    stays={"service": 3 * DAY},
)

RETURN = JourneyType(
    "return",
    opens=frozenset({"Return Requested", "Exchange Requested", "Order Returned", "Order Refunded"}),
    goals=frozenset({"Order Refunded", "Order Exchanged", "Return Completed"}),
    cancels=frozenset({"Return Cancelled", "Return Rejected"}),
    members=frozenset({"Return Shipped", "Return Received", "Return Approved"}),
    abandoned_after=30 * DAY,
    stage="service",
    stays={"service": 14 * DAY},
)

RENEWAL = JourneyType(
    "renewal",
    opens=frozenset({
        "Renewal Reminder Sent", "Subscription Renewal Failed", "Subscription Expiring", "Subscription Renewed",
    }),
    goals=frozenset({"Subscription Renewed"}),
    cancels=frozenset({"Subscription Cancelled"}),
    abandons=frozenset({"Subscription Expired"}),
    members=frozenset({"Subscription Paused", "Subscription Resumed", "Subscription Updated"}),
    abandoned_after=30 * DAY,
    stage="loyalty",
    stays={"loyalty": 14 * DAY},
)  # fmt: skip

ONBOARDING = JourneyType(
    "onboarding",
    opens=frozenset({"Signed Up", "Account Created", "Trial Started"}),
    goals=frozenset({"Onboarding Completed"}),
    cancels=frozenset({"Account Deleted"}),
    abandons=frozenset({"Trial Ended"}),
    members=frozenset({"Email Verified", "Profile Completed", "Onboarding Step Completed"}),
    ends_with=frozenset({"Order Completed", "Subscription Started", "Feature Used"}),
    abandoned_after=30 * DAY,
    stage="onboarding",
    stays={"onboarding": 7 * DAY},
)

PURCHASE = JourneyType(
    "purchase",
    opens=frozenset({
        "Page Viewed", "Screen Viewed", "Application Opened", "Products Searched", "Product List Viewed",
        "Product Viewed", "Product Added", "Product Removed", "Cart Viewed", "Checkout Started", "Payment Info Entered",
        "Promotion Clicked", "Email Link Clicked", "Coupon Applied", "Store Visited", "Order Completed",
        "Subscription Started",
    }),
    goals=frozenset({"Order Completed", "Subscription Started"}),
    cancels=frozenset({"Order Cancelled"}),
    abandoned_after=30 * DAY,
    cancels_completed=True,
    rest=True,
    again="loyalty",
    stays={"consideration": 7 * DAY, "purchase": DAY},
)  # fmt: skip

PASSIVE = frozenset({
    "Email Delivered", "Email Bounced", "Campaign Delivered", "Survey Sent", "Support Email Replied",
    "Social Message Replied", "Live Chat Message Received", "Call Transferred", "Order Shipped", "Order Delivered",
    "Return Received", "Return Approved",
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
    "purchase": ("Checkout Started", "Payment Info Entered", "Order Completed", "Subscription Started"),
    "service": ("Order Cancelled",),
    "advocacy": ("Product Shared", "Product Reviewed", "Invite Sent"),
    "churned": ("Unsubscribed", "Account Deleted", "Subscription Cancelled", "Subscription Expired"),
}  # fmt: skip

LADDER = (*_EVENTS_OF_STAGE, "onboarding", "loyalty")  # every stage
STAGES = {event: stage for stage, events in _EVENTS_OF_STAGE.items() for event in events}

RULES = JourneyRules(
    version=1, timeouts={}, journeys=(SERVICE, RETURN, RENEWAL, ONBOARDING, PURCHASE), stages=STAGES,
    contacts=CONTACT_RULES, detectors=discover(), passive=PASSIVE, conversations=frozenset({"phone"}),
)  # fmt: skip


def rules_for(timeouts: Mapping[str, int]) -> JourneyRules:
    """The rules that ship, with these session timeouts in ms per channel."""
    return replace(RULES, timeouts=dict(timeouts))


def default_rules(channels: Iterable[Channel]) -> JourneyRules:
    """The rules that ship, with the session timeouts of these channels."""
    return rules_for({channel.name: channel.session_timeout_ms for channel in channels})
