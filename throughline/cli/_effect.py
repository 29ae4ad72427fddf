"""What an operator's claims have done: said, waited for, and what stands where before and after."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from queries.operator import Standing, decisions_of, standing_of, summed
from schemas.ids import Id, to_uuid
from schemas.messages import Claim
from throughline.cli._operator import Desk, Side, say
from throughline.cli._settling import Settling, Tell
from throughline.clock import iso
from throughline.errors import ThroughlineError
from throughline.lag import LagReader

SHOWN = 12  # customers of a table
NAMED = 2  # identifiers of a customer in it, besides the strongest
COUNTS = ("touchpoints", "sessions", "journeys", "friction")


@dataclass(frozen=True)
class Effect:
    """`before`, `after`: the customers that differ, and those of the identifiers that the claims name. `moved`: touchpoints
    under another customer than before. `decided`, `folded`: seconds after the claims; `decided_at`: ms UTC."""

    claims: tuple[tuple[int, Claim], ...]
    before: tuple[Side, ...]
    after: tuple[Side, ...]
    moved: int
    decided_at: int
    decided: float
    folded: float
    names: dict[Id, str]

    def name(self, node: Id) -> str:
        return self.names.get(node, str(to_uuid(node)))


def carry_out(desk: Desk, claims: Sequence[Claim], patience: float, tell: Tell) -> Effect:
    """Says the claims and waits. Raises ThroughlineError with what is pending; then they will take effect all the same."""
    named = {member.node for claim in claims for member in (claim.a, claim.b)}
    around = desk.around(sorted(named))
    before = desk.sides(around)
    began = time.monotonic()
    seqs = say(desk.settings, claims)
    with _recorded(claims, seqs), LagReader(desk.settings.kafka, f"{desk.settings.topic_prefix}throughline") as lag:
        settling = Settling(desk, lag, patience, tell)
        settling.decided(seqs)
        decided = time.monotonic() - began
        around = settling.folded(seqs, around)
        folded = time.monotonic() - began
    after = desk.sides(around)
    old, new = _differing(before, after, named), _differing(after, before, named)
    at = max((each.at for each in decisions_of(desk.client, seqs)), default=0)
    names = desk.names({node for side in (*old, *new) for node in side.nodes} | named)
    moved = _moved(desk, before, after)
    return Effect(tuple(zip(seqs, claims, strict=True)), old, new, moved, at, decided, folded, names)


@contextmanager
def _recorded(claims: Sequence[Claim], seqs: Sequence[int]) -> Iterator[None]:
    """Whoever gives up waiting has to know what was said, and that it holds."""
    try:
        yield
    except (ThroughlineError, KeyboardInterrupt) as error:
        names = [f"{each.kind} {to_uuid(each.evidence)} as claim {seq}" for seq, each in zip(seqs, claims, strict=True)]
        why = f"but {error}" if isinstance(error, ThroughlineError) else "though nobody waits for it any more"
        raise ThroughlineError(f"recorded: {', '.join(names)}. It will take effect, {why}") from error


def _differing(these: dict[Id, Side], those: dict[Id, Side], named: set[Id]) -> tuple[Side, ...]:
    """The largest first."""
    found = [
        side
        for side in these.values()
        if not named.isdisjoint(side.nodes) or side.customer not in those or those[side.customer].nodes != side.nodes
    ]
    return tuple(sorted(found, key=lambda side: (-side.standing.touchpoints, side.customer)))


def _moved(desk: Desk, before: dict[Id, Side], after: dict[Id, Side]) -> int:
    former = {node: side.customer for side in before.values() for node in side.nodes}
    nodes = sorted(n for side in after.values() for n in side.nodes if former.get(n, n) != side.customer)
    under = standing_of(desk.client, nodes).values()
    return summed([standing for some in under for standing in some.values()]).touchpoints


def plain(effect: Effect) -> dict[str, Any]:
    """JSON: ids as UUIDs, times as RFC 3339."""
    return {
        "claims": [_plain_claim(seq, claim, effect) for seq, claim in effect.claims],
        "before": [_plain_side(side, effect) for side in effect.before],
        "after": [_plain_side(side, effect) for side in effect.after],
        "touchpoints_moved": effect.moved,
        "decided_at": iso(effect.decided_at) if effect.decided_at else None,
        "seconds": {"decided": round(effect.decided, 3), "folded": round(effect.folded, 3)},
    }


def _plain_claim(seq: int, claim: Claim, effect: Effect) -> dict[str, Any]:
    ends = {"a": effect.name(claim.a.node), "b": effect.name(claim.b.node)}
    return {"id": str(to_uuid(claim.evidence)), "kind": claim.kind, "seq": seq, **ends, "reason": claim.reason}


def _plain_side(side: Side, effect: Effect) -> dict[str, Any]:
    names = sorted(map(effect.name, side.nodes))
    return {"customer_id": str(to_uuid(side.customer)), "identifiers": names, **asdict(side.standing)}


def show(effect: Effect, console: Console) -> None:
    console.print(_table(effect))
    when = f"Decided at {iso(effect.decided_at)}, " if effect.decided_at else ""
    console.print(
        f"{when}{effect.decided:.1f} s after it was said; journeys, sessions and friction are folded again after"
        f" {effect.folded:.1f} s. {_many(effect.moved, 'touchpoint')} moved."
    )


def _table(effect: Effect) -> Table:
    table = Table("", box=None)
    for name in COUNTS:
        table.add_column(name, justify="right")
    table.add_column("customer", overflow="fold")
    for when, sides in (("before", effect.before), ("after", effect.after)):
        for number, side in enumerate(sides[:SHOWN]):
            table.add_row("" if number else when, *_counts(side.standing), _named(side, effect))
        if more := sides[SHOWN:]:
            table.add_row("", *_counts(summed([side.standing for side in more])), f"{len(more):,} more customers")
    return table


def _named(side: Side, effect: Effect) -> str:
    """The strongest identifier, which gives the customer its id, then others."""
    others = sorted(effect.name(node) for node in side.nodes if node != side.customer)
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return escape(", ".join([effect.name(side.customer), *others[:NAMED]]) + more)


def _counts(standing: Standing) -> list[str]:
    return [f"{getattr(standing, name):,}" for name in COUNTS]


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
