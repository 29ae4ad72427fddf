"""Live chat, in Segment's words: `Message Sent` is by the customer, `Message Received` comes from the business."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.channel import MINUTE, Channel
from schemas.touchpoint import Properties, Text


class ChatProperties(Properties):
    """`conversation_id` is Segment's name and stands in for a missing chat_id."""

    conversation_id: Text | None = None
    agent_id: Text | None = None
    agent_name: Text | None = None
    queue: Text | None = None


class LiveChatConversationStarted(ChatProperties):
    """The customer opened a chat."""

    event: ClassVar[str] = "Live Chat Conversation Started"


class LiveChatMessageSent(ChatProperties):
    """The customer wrote."""

    event: ClassVar[str] = "Live Chat Message Sent"
    words: ClassVar[str] = "message_body"
    message_id: Text | None = None
    message_body: Text | None = None


class LiveChatMessageReceived(ChatProperties):
    """The business wrote."""

    event: ClassVar[str] = "Live Chat Message Received"
    message_id: Text | None = None
    message_body: Text | None = None


class LiveChatConversationEnded(ChatProperties):
    """The chat was closed."""

    event: ClassVar[str] = "Live Chat Conversation Ended"
    conversation_duration: Annotated[float, Field(ge=0)] | None = Field(None, description="seconds")


channel = Channel(
    "chat",
    "live chat between customers and agents or bots",
    30 * MINUTE,
    (LiveChatConversationStarted, LiveChatMessageSent, LiveChatMessageReceived, LiveChatConversationEnded),
)
