"""Social networks: mentions in public and messages in private."""

from typing import ClassVar

from schemas.channel import HOUR, Channel
from schemas.touchpoint import Properties, Text


class SocialProperties(Properties):
    network: Text | None = None
    post_id: Text | None = None
    url: Text | None = None
    text: Text | None = None


class SocialMentionCreated(SocialProperties):
    """Somebody wrote about the business."""

    event: ClassVar[str] = "Social Mention Created"
    words: ClassVar[str] = "text"


class SocialMessageReceived(SocialProperties):
    """The customer wrote to the business."""

    event: ClassVar[str] = "Social Message Received"
    words: ClassVar[str] = "text"


class SocialMessageReplied(SocialProperties):
    """The business answered."""

    event: ClassVar[str] = "Social Message Replied"
    agent_id: Text | None = None


channel = Channel(
    "social", "social networks", 24 * HOUR, (SocialMentionCreated, SocialMessageReceived, SocialMessageReplied)
)
