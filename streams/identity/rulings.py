"""Which rules hold after how much of the claims log: of all that it names the ones with the highest version."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from schemas.messages import Claim
from streams.identity.rules import IdentityRules
from throughline.errors import ConfigurationError

Read = Callable[[str], IdentityRules]  # the text of a rules file; raises ConfigurationError with line and reason


class Refused(NamedTuple):
    """Why a claim of rules changes nothing."""

    reason: str
    detail: str


def unreadable(text: str) -> IdentityRules:
    """For a resolver that is to know no rules but its own."""
    raise ConfigurationError("this resolver was given no way to read rules; start it by `throughline worker`")


def ruled(held: IdentityRules, claim: Claim, read: Read) -> IdentityRules | Refused:
    """The rules that hold after this claim of kind `rules`."""
    try:
        rules = read(claim.reason)
    except ConfigurationError as error:
        return Refused("unreadable", str(error))
    if rules.version <= held.version:
        detail = f"version {rules.version} is not above version {held.version}, which holds; give it a higher one"
        return Refused("outdated", detail)
    return rules


def effective(words: Iterable[Claim], shipped: IdentityRules, read: Read) -> IdentityRules:
    """`words`: claims in the order of the log."""
    held = shipped
    for claim in words:
        if claim.kind == "rules":
            found = ruled(held, claim, read)
            held = held if isinstance(found, Refused) else found
    return held
