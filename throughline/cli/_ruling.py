"""A change of rules as an operator's claim: into the log, decided by the resolver, then swept through all that is stored."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from queries.rules import SHIPPED, fate_of, progress
from schemas.messages import NOBODY, Claim
from streams.rules import RuleSet
from throughline.cli._operator import Desk, say
from throughline.cli._settling import Late, Settling
from throughline.errors import ConfigurationError, ThroughlineError, Unavailable
from throughline.lag import LagReader

EVERY = 0.3  # seconds between two looks at the least; a look at many rows takes longer, and so does the next pause
Watch = Callable[[str, int, int], None]  # words, how much is done, of how much (0: unknown)


@dataclass(frozen=True)
class Change:
    """`applied`, `folded`: seconds after the claim until identity was decided anew, and until all was folded again; None:
    nobody has waited."""

    seq: int
    applied: float | None = None
    folded: float | None = None
    touchpoints: int = 0


def apply_rules(desk: Desk, rules: RuleSet, patience: float | None, watch: Watch) -> Change:
    """`patience`: seconds to wait until the change is through, None: only until Kafka has the claim.

    Raises ConfigurationError for a version that is not above the one in force, ThroughlineError with what is pending.
    """
    require_newer(desk, rules)
    began = time.monotonic()
    (seq,) = say(desk.settings, [claim_of(rules)])
    if patience is None:
        return Change(seq)
    with _recorded(seq), LagReader(desk.settings.kafka, f"{desk.settings.topic_prefix}throughline") as lag:
        Settling(desk, lag, patience, lambda words: watch(words, 0, 0)).decided([seq])
        _require_applied(desk, seq)
        applied = time.monotonic() - began
        touchpoints = _swept(desk, rules.version, began + patience, watch)
    return Change(seq, applied, time.monotonic() - began, touchpoints)


@contextmanager
def _recorded(seq: int) -> Iterator[None]:
    """Whoever gives up waiting has to know that the change goes on."""
    try:
        yield
    except (Late, Unavailable, KeyboardInterrupt) as error:
        why = f"but {error}" if isinstance(error, ThroughlineError) else "though nobody waits for it any more"
        raise ThroughlineError(f"the rules are claim {seq} and will take effect, {why}") from error


def in_force(desk: Desk) -> int:
    """The version that holds."""
    found = desk.store.rules()
    return found[1] if found else SHIPPED


def require_newer(desk: Desk, rules: RuleSet) -> None:
    """Raises ConfigurationError unless the rules can replace those in force."""
    held = in_force(desk)
    if rules.version <= held:
        raise ConfigurationError(
            f"version {rules.version} is not above version {held}, which is in force; write `version = {held + 1}`"
        )


def claim_of(rules: RuleSet) -> Claim:
    """The same text is the same claim, whoever sends it."""
    evidence = hashlib.sha256(rules.text.encode()).digest()[:16]
    return Claim("rules", NOBODY, NOBODY, 0, 0, "operator", evidence, rules.text)


def _require_applied(desk: Desk, seq: int) -> None:
    """The resolver may have come to other rules before it came to these."""
    reason, detail = fate_of(desk.client, seq) or ("lost", "the resolver has passed it over; see its log")
    if reason != "applied":
        raise ThroughlineError(f"claim {seq} was recorded and changes nothing ({reason}): {detail}")


def _swept(desk: Desk, version: int, deadline: float, watch: Watch) -> int:
    """Waits until no row is left that older rules have made; returns how many rows there are."""
    while True:
        looked = time.monotonic()
        now = progress(desk.client)
        done = sum(each.touchpoints for each in now.versions if each.version >= version)
        if done == now.total:
            return done
        watch(f"folding again by version {version}", done, now.total)
        if looked > deadline:
            raise Late(f"{now.total - done:,} touchpoints are yet to be folded again; see `throughline rules status`")
        time.sleep(max(EVERY, 2 * (time.monotonic() - looked)))
