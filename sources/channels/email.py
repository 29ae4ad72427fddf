"""E-mail: campaigns in Segment's words, and letters to and from support."""

from typing import ClassVar

from schemas.channel import HOUR, Channel
from schemas.touchpoint import Properties, Text


class CampaignMail(Properties):
    email_id: Text | None = None
    email_subject: Text | None = None
    campaign_id: Text | None = None
    campaign_name: Text | None = None


class EmailDelivered(CampaignMail):
    """The mail server of the customer took the mail."""

    event: ClassVar[str] = "Email Delivered"


class EmailOpened(CampaignMail):
    """The mail was opened, as far as pictures tell."""

    event: ClassVar[str] = "Email Opened"


class EmailLinkClicked(CampaignMail):
    """A link in the mail was followed."""

    event: ClassVar[str] = "Email Link Clicked"
    link_id: Text | None = None
    link_url: Text | None = None


class EmailBounced(CampaignMail):
    """The mail could not be delivered."""

    event: ClassVar[str] = "Email Bounced"
    bounce_type: Text | None = None
    reason: Text | None = None


class Unsubscribed(CampaignMail):
    """The customer wants no more mails of a list."""

    event: ClassVar[str] = "Unsubscribed"
    list_id: Text | None = None
    list_name: Text | None = None


class SupportMail(Properties):
    message_id: Text | None = None
    subject: Text | None = None
    queue: Text | None = None
    agent_id: Text | None = None


class SupportEmailReceived(SupportMail):
    """The customer wrote to the business."""

    event: ClassVar[str] = "Support Email Received"
    words: ClassVar[str] = "body"
    body: Text | None = None


class SupportEmailReplied(SupportMail):
    """The business answered."""

    event: ClassVar[str] = "Support Email Replied"


channel = Channel(
    "email",
    "mails to customers and their letters to support",
    24 * HOUR,
    (
        EmailDelivered,
        EmailOpened,
        EmailLinkClicked,
        EmailBounced,
        Unsubscribed,
        SupportEmailReceived,
        SupportEmailReplied,
    ),
)
