"""The telephone: one call is one session, held together by its call_id."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.channel import HOUR, Channel
from schemas.touchpoint import Properties, Text

Seconds = Annotated[float, Field(ge=0, description="seconds")]


class CallProperties(Properties):
    queue: Text | None = None
    agent_id: Text | None = None
    direction: Text | None = Field(None, description="inbound or outbound")


class CallStarted(CallProperties):
    """A call came in or was dialled."""

    event: ClassVar[str] = "Call Started"


class CallAnswered(CallProperties):
    """An agent picked up."""

    event: ClassVar[str] = "Call Answered"
    wait_seconds: Seconds | None = None


class CallTransferred(CallProperties):
    """The call went to another agent or queue."""

    event: ClassVar[str] = "Call Transferred"
    to_queue: Text | None = None
    to_agent_id: Text | None = None


class CallEnded(CallProperties):
    """Somebody hung up after it had been answered."""

    event: ClassVar[str] = "Call Ended"
    duration_seconds: Seconds | None = None
    outcome: Text | None = None


class CallAbandoned(CallProperties):
    """The customer hung up before anybody answered."""

    event: ClassVar[str] = "Call Abandoned"
    wait_seconds: Seconds | None = None


channel = Channel(
    "phone",
    "calls to and from the contact centre",
    HOUR,
    (CallStarted, CallAnswered, CallTransferred, CallEnded, CallAbandoned),
)
