"""Who belongs to whom under one set of rules, and nothing else of a state, so that two of them fit into memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.ids import Id
from schemas.messages import Claim
from streams.identity.rules import TRANSACTION, IdentityRules
from streams.identity.state import IdentityState


@dataclass(frozen=True)
class Grouping:
    """`customer_of`: of every claimed identifier of a person or a device. One that is missing is its own customer.

    Identifiers of transactions are left out: they join nobody, and are no customers."""

    customer_of: dict[Id, Id]
    quarantined: frozenset[Id] = frozenset()
    shared: frozenset[Id] = frozenset()
    sizes: Counter[Id] = field(default_factory=Counter)  # identifiers of each customer

    def of(self, node: Id) -> Id:
        return self.customer_of.get(node, node)

    def largest(self, most: int) -> list[tuple[Id, int]]:
        """(customer, identifiers) of the customers with the most, those with one left out."""
        ranked = sorted(((size, customer) for customer, size in self.sizes.items() if size > 1), reverse=True)
        return [(customer, size) for size, customer in ranked[:most]]


def group(claims: Iterable[Claim], rules: IdentityRules) -> Grouping:
    """The customers of these claims; of the claims `rules` say what holds, so a claim that changes them is passed over."""
    resolution = IdentityState.of((claim for claim in claims if claim.kind != "rules"), rules).resolution()
    members = [member for some in resolution.members.values() for member in some]
    linked = {member.node for member in members if rules.of(member.type).kind != TRANSACTION}
    customer_of = {node: customer for node, customer in resolution.customer_of.items() if node in linked}
    return Grouping(customer_of, resolution.quarantined, resolution.shared, Counter(customer_of.values()))
