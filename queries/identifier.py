"""One identifier, found by what a person types; for those who speak of the identifier itself and not of its customer."""

from typing import NamedTuple

from queries.journeys import Ambiguous, NotFound, advice, meant
from schemas.identifiers import TRANSACTIONS, TYPES, home_of, key_of, normalise
from schemas.ids import Id, node_of
from schemas.messages import Member
from sinks.clickhouse.server import Connections
from throughline.errors import ThroughlineError


class JoinsNobody(ThroughlineError):
    """order_id:o-7 is of a transaction and joins no customers; name an identifier of a person or device."""


class Named(NamedTuple):
    """`value` in its normal form; `node` its keyed hash."""

    type: str
    value: str
    node: Id

    @property
    def member(self) -> Member:
        return Member(self.node, self.type, home_of(key_of(self.type, self.value)))

    def __str__(self) -> str:
        return key_of(self.type, self.value)


def identifier(client: Connections, text: str, region: str, key: bytes, unseen: bool = False) -> Named:
    """The identifier that a text names: `type:value`, a value alone, or a customer id ever shown (its strongest).

    `key` and `region` as in the settings. `unseen`: `type:value` may also be one that no touchpoint has carried yet.
    Raises NotFound, Ambiguous or JoinsNobody.
    """
    found = {(kind, value) for kind, value, _ in meant(client, text, region, key)}
    people = {form for form in found if form[0] not in TRANSACTIONS}
    if not people and (found or _typed(text, region)[0] in TRANSACTIONS):
        name = key_of(*(min(found) if found else _typed(text, region)))
        raise JoinsNobody(
            f"{name} is of a transaction and joins no customers: it links touchpoints to a journey, see"
            f" `throughline journey {name}`; name an identifier of a person or device"
        )
    if not people and unseen and all(_typed(text, region)):
        people = {_typed(text, region)}
    if not people:
        raise NotFound(f"no customer has {text}; {advice(text, region)}")
    if len(people) > 1:
        names = ", ".join(key_of(*form) for form in sorted(people))
        raise Ambiguous(f"{text} is several identifiers; give one of: {names}")
    kind, value = people.pop()
    return Named(kind, value, node_of(kind, value, key))


def _typed(text: str, region: str) -> tuple[str, str]:
    """The type that was typed and the normal form of the value, "" for what is missing or blocked."""
    kind, _, value = text.partition(":")
    kind = kind.strip().lower()
    return (kind, normalise(kind, value, region) or "") if kind in TYPES else ("", "")
