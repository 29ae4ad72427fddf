"""The whole history at once."""

from collections.abc import Iterable

from schemas.fact import Fact, Key, Row
from streams.fold.rules import JourneyRules
from streams.fold.timeline import Timeline


def fold(facts: Iterable[Fact], rules: JourneyRules, now: int) -> dict[Key, Row]:
    """The row of every fact of one customer. Depends on the set of facts, the rules, and by deadlines on `now`, ms."""
    timeline = Timeline(rules)
    timeline.advance(now)
    timeline.add(facts)
    return timeline.changes()
