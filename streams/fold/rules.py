"""The rules of a fold: values only, so that a file may hold them. `defaults.py` has the ones that ship."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from schemas.fact import Fact
from schemas.looks import Looks
from streams.detectors.contract import Detector
from streams.fold.conditions import When
from streams.fold.contacts import ContactRules

if TYPE_CHECKING:
    from streams.fold.plans import Plans

HOUR = 3_600_000
DAY = 24 * HOUR
ROLES = ("opens", "goals", "goals_if_proven", "proofs", "cancels", "abandons", "reopens", "members")


@dataclass(frozen=True)
class JourneyType:
    """A kind of goal. Sets hold names of events; times are ms.

    An event belongs to the types that name it, in one of their sets or by a rule in `when`; if there are none, to the first
    type with its channel in `channels`, else to the type with `rest`. It joins the open journey of the first of its types
    that has one, or where it is in `opens`.

    * `goals` complete the journey. Those in `goals_if_proven` do so only after an event of `proofs` in the same
      journey. Those in `ends_with` complete it too, wherever they belong themselves.
    * `cancels` end the open journey; with `cancels_completed` rather the completed one of the same thread, and, if none is
      open, the one completed last; both only if the customer was active in it at most `abandoned_after` ago.
    * `abandons`, and silence of more than `abandoned_after` since the customer's last own act (`JourneyRules.passive`
      says what is none), end it as abandoned.
    * an event of `reopens` at most `reopened_within` after completion, or of the same thread, continues the completed
      journey.
    * `when`: the same roles for events that fit a rule: (role, rule).
    * `stage` is the stage of all its touchpoints but those whose own stage lies beyond the funnel; if empty, each event's
      own, never falling back inside the journey. `again` is the stage of a goal that the customer has reached before.
    * `stays`: a customer who stays longer in this stage of an open journey is stuck.
    """

    name: str
    opens: frozenset[str]
    goals: frozenset[str]
    abandoned_after: int
    goals_if_proven: frozenset[str] = frozenset()
    proofs: frozenset[str] = frozenset()
    cancels: frozenset[str] = frozenset()
    abandons: frozenset[str] = frozenset()
    reopens: frozenset[str] = frozenset()
    reopened_within: int = 0
    members: frozenset[str] = frozenset()
    ends_with: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    cancels_completed: bool = False
    rest: bool = False
    stage: str = ""
    again: str = ""
    stays: Mapping[str, int] = field(default_factory=dict)
    when: tuple[tuple[str, When], ...] = ()

    @cached_property
    def named(self) -> frozenset[str]:
        return frozenset[str]().union(*(getattr(self, role) for role in ROLES))

    @cached_property
    def stage_rule(self) -> str:
        """The key in the rules file that gives the stage."""
        return f"journeys.types.{self.name}.stage"

    def roles(self, channel: str, event: str, values: Mapping[str, str]) -> frozenset[str]:
        """What this kind of event is to a journey of this type; none if the type does not name it."""
        by_name = {role for role in ROLES if event in getattr(self, role)}
        return frozenset(by_name | {role for role, when in self.when if when.fits(channel, event, values)})


@dataclass(frozen=True)
class JourneyRules:
    """Everything a fold depends on besides facts and `now`. A change of any value needs a higher `version`.

    * `timeouts`: ms per channel: a touchpoint continues the session of its channel if it comes at most so long after
      the last one. `session_at_most`: ms since its start. `conversations`: channels where a session is one
      conversation: where its first fact and the touchpoint both have a thread, that decides instead of the gap.
    * `late_after`: a fact received more than this after its event time is attached, and changes nothing else.
    * `stages`: stage of an event by name; `stages_when`: (stage, rule) for events that fit one, which count first; other
      events keep the stage the customer is in. A score of `advocate_from` or more on a question about recommending
      (nps) is advocacy.
    * `passive`: events that the business causes; they join journeys and neither prolong nor open them.
    """

    version: int
    timeouts: Mapping[str, int]
    journeys: tuple[JourneyType, ...]
    stages: Mapping[str, str]
    contacts: ContactRules
    detectors: tuple[Detector, ...]
    passive: frozenset[str] = frozenset()
    conversations: frozenset[str] = frozenset()
    stages_when: tuple[tuple[str, When], ...] = ()
    session_at_most: int = DAY
    late_after: int = 72 * HOUR
    advocate_from: float = 9
    other_timeout: int = field(default=HOUR // 2)

    def is_late(self, fact: Fact) -> bool:
        """Whether it is attached and changes nothing else."""
        return fact[4] - fact[3] > self.late_after

    @cached_property
    def plans(self) -> "Plans":
        """The rules looked up per kind of event, made once."""
        from streams.fold.plans import Plans

        return Plans(self)

    @cached_property
    def looks(self) -> Looks:
        """Which properties they and the detectors look at."""
        of_detectors = {wanted for detector in self.detectors for wanted in detector.looks}
        return self.decisive | Looks(tuple(of_detectors))

    @cached_property
    def decisive(self) -> Looks:
        """Which properties decide what an event is to sessions and journeys."""
        wanted = {
            (when.channel, when.event, tuple(condition.name for condition in when.conditions))
            for when in self._rules()
            if when.conditions
        }
        return Looks(tuple(sorted(wanted)))

    def _rules(self) -> Iterator[When]:
        yield from (when for _, when in self.stages_when)
        yield from (when for type in self.journeys for _, when in type.when)
