"""How a claim of an operator enters what operators said."""

from schemas.ids import Id
from schemas.messages import Claim
from streams.identity.cuts import Cuts, ends_of
from streams.identity.words import Words


def hear(claim: Claim, cuts: Cuts, releases: Words[Id]) -> None:
    """For a state that is built at once. Raises ValueError for a kind that is no operator's."""
    match claim.kind:
        case "cut":
            cuts.add(claim.evidence, ends_of(claim.a.node, claim.b.node))
        case "uncut":
            cuts.withdraw(claim.evidence)
        case "release":
            releases.add(claim.evidence, claim.a.node)
        case "unrelease":
            releases.withdraw(claim.evidence)
        case kind:
            raise ValueError(f"claim {claim.evidence.hex()}: kind is {kind!r}; it must be {', '.join(KINDS)}")


KINDS = ("link", "cut", "uncut", "release", "unrelease", "rules")
