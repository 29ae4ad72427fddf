"""What counts as a contact, and which answer it expects."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Expectation:
    """Contacts of one channel that want an answer within `within` ms.

    `by_thread`: the answer must stand in the same thread, if both events have one; otherwise any answer in the
    channel will do.
    """

    channel: str
    contacts: frozenset[str]
    replies: frozenset[str]
    within: int
    by_thread: bool = True


@dataclass(frozen=True)
class ContactRules:
    """`contacts`: the customer turns to the business; again within `repeat_within` ms of the one before is a repeat.
    `form_within`: ms after the last touch of a form in which it should be sent."""

    contacts: frozenset[str] = frozenset()
    expectations: tuple[Expectation, ...] = ()
    repeat_within: int = 0
    form_within: int = 30 * 60_000

    def expectation(self, channel: str) -> Expectation | None:
        return next((e for e in self.expectations if e.channel == channel), None)

    @property
    def replies(self) -> frozenset[str]:
        return frozenset().union(*(e.replies for e in self.expectations))
