"""What a business reads off journeys, from counts that add up: over customers, over parts, over before and after.

| count | of |
|---|---|
| customers, buyers, repeat_buyers | who have a touchpoint, an order, two orders or more |
| touchpoints, sessions, orders | duplicates left out |
| `journeys <type> <outcome>`, `friction <signal>` | journeys, live signals |
| `nps answers`, `nps promoters`, `nps detractors`, `csat answers`, `csat satisfied` | scores given |
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from schemas.fact import Fact, Row
from schemas.ids import Id
from streams.fold.fold import fold
from streams.fold.rules import JourneyRules
from streams.rehearsal.comparison import Nodes

ORDER = "Order Completed"
Counts = Mapping[str, float]


def counted(customers: Nodes, facts: Iterable[Fact], rules: JourneyRules, now: int) -> Counter[str]:
    """The counts of these customers, each folded as a whole."""
    owner = {node: customer for customer, nodes in customers.items() for node in nodes}
    mine: dict[Id, list[Fact]] = {}
    for fact in facts:
        mine.setdefault(owner[fact.node], []).append(fact)
    counts: Counter[str] = Counter()
    for some in mine.values():
        rows = fold(some, rules, now)
        counts.update(_of_customer([(fact, rows[fact.key]) for fact in some]))
    return counts


def _of_customer(history: Iterable[tuple[Fact, Row]]) -> Counter[str]:
    history = [(fact, row) for fact, row in history if row.status != "duplicate"]
    counts: Counter[str] = Counter()
    for fact, row in history:
        counts["touchpoints"] += 1
        counts["orders"] += fact.event == ORDER
        counts["sessions"] += row.session_touchpoints > 0
        if row.journey_outcome:
            counts[f"journeys {row.journey_type} {row.journey_outcome}"] += 1
        counts.update(f"friction {signal.name}" for signal in row.signals)
        counts.update(_scored(fact))
    counts["customers"] = int(bool(history))
    counts["buyers"], counts["repeat_buyers"] = int(counts["orders"] > 0), int(counts["orders"] > 1)
    return counts


def _scored(fact: Fact) -> list[str]:
    if fact.metric == "nps":
        kind = "promoters" if fact.score >= 9 else "detractors" if fact.score <= 6 else ""
        return ["nps answers", f"nps {kind}"] if kind else ["nps answers"]
    if fact.metric == "csat":
        return ["csat answers", "csat satisfied"] if fact.score >= 4 else ["csat answers"]
    return []


def measures(counts: Counts) -> dict[str, float | None]:
    """By name, in the order in which they are shown; None where there is nothing to divide by."""
    plain = ("customers", "touchpoints", "sessions", "orders")
    found: dict[str, float | None] = {name: counts.get(name, 0) for name in plain}
    found |= {name: rate(counts) for name, rate in RATES.items()}
    return found | {name: counts[name] for name in sorted(counts) if name.startswith(("journeys ", "friction "))}


def _ratio(over: str, under: str, scale: float = 1.0) -> Callable[[Counts], float | None]:
    return lambda counts: scale * counts.get(over, 0) / counts[under] if counts.get(under) else None


def _nps(counts: Counts) -> float | None:
    if not counts.get("nps answers"):
        return None
    return 100 * (counts.get("nps promoters", 0) - counts.get("nps detractors", 0)) / counts["nps answers"]


RATES: dict[str, Callable[[Counts], float | None]] = {
    "orders per customer": _ratio("orders", "customers"),
    "repurchase rate %": _ratio("repeat_buyers", "buyers", 100),
    "NPS": _nps,
    "CSAT %": _ratio("csat satisfied", "csat answers", 100),
}
