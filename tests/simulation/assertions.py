"""What must hold at every moment, not only at rest."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from schemas.ids import Id
from schemas.messages import Inbox, Mark, decode
from streams.effects import Message
from streams.steps.intake import Topics
from streams.steps.journeys import Item
from tests.simulation.kafka import Topic

if TYPE_CHECKING:
    from tests.simulation.world import World

INBOX = Topics().inbox


def check_commit(world: "World", topic: Topic, end: int) -> None:
    """A public offset is committed only when the table of offsets accounts for it and for all before it."""
    if topic[0] in world.setup.public:
        for offset in range(world.kafka.position(topic), end):
            assert (*topic, offset) in world.server.offsets, (
                f"{topic} committed to {end} before {offset} was accounted for"
            )


def check_forwards(batch: Sequence[Item], messages: Iterable[Message]) -> None:
    """A mark is forwarded by a newer customer row than the one it came by, so not in circles; what was seen never gets less."""
    seen = max((item.what.seen for item in batch), default=0)
    came: dict[tuple[Id, object], int] = {}
    for _, what in batch:
        marks = (
            [what] if isinstance(what, Mark) else [Mark(node, None, 0, -1) for node in (*what.nodes, *what.customers)]
        )
        for mark in marks:
            came[mark.node, mark.fact] = min(mark.seq, came.get((mark.node, mark.fact), mark.seq))
    for message in messages:
        if message.topic == INBOX:
            for mark in decode(Inbox, message.value).marks:
                assert mark.seen >= seen, f"forwarded with {mark.seen} seen, and {seen} had been"
                known = came.get((mark.node, mark.fact))
                assert known is None or known < mark.seq, "a mark goes in circles"
