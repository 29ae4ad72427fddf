"""The rules of a fold: values only, so that a file may hold them. `defaults.py` has the ones that ship."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from streams.detectors.contract import Detector
from streams.fold.contacts import ContactRules

if TYPE_CHECKING:
    from streams.fold.plans import Plans

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True)
class JourneyType:
    """A kind of goal. Sets hold names of events; times are ms.

    An event belongs to the first type that names it in one of its sets, else to the first type with its channel in
    `channels`, else to the type with `rest`. It joins the open journey of that type, or opens one if it is in `opens`.

    * `goals` complete the journey. Those in `goals_if_proven` do so only after an event of `proofs` in the same
      journey.
    * `cancels` end the completed journey of the same thread, or else the open one, or else the last completed one, if
      the customer was active in it at most `abandoned_after` ago.
    * silence of more than `abandoned_after` since the customer's last own act (`JourneyRules.passive` says what is
      none) ends it as abandoned.
    * an event of `reopens` at most `reopened_within` after completion continues the completed journey.
    * `stage` is the stage of all its touchpoints; if empty, each event's own, never falling back inside the journey.
      `again` is the stage of a goal that the customer has reached before.
    """

    name: str
    opens: frozenset[str]
    goals: frozenset[str]
    abandoned_after: int
    goals_if_proven: frozenset[str] = frozenset()
    proofs: frozenset[str] = frozenset()
    cancels: frozenset[str] = frozenset()
    reopens: frozenset[str] = frozenset()
    reopened_within: int = 0
    members: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    rest: bool = False
    stage: str = ""
    again: str = ""

    @cached_property
    def named(self) -> frozenset[str]:
        return self.opens | self.goals | self.goals_if_proven | self.proofs | self.cancels | self.reopens | self.members


@dataclass(frozen=True)
class JourneyRules:
    """Everything a fold depends on besides facts and `now`. A change of any value needs a higher `version`.

    * `timeouts`: ms per channel: a touchpoint continues the session of its channel if it comes at most so long after
      the last one. `session_at_most`: ms since its start. `conversations`: channels where a session is one
      conversation: where its first fact and the touchpoint both have a thread, that decides instead of the gap.
    * `late_after`: a fact received more than this after its event time is attached, and changes nothing else.
    * `stages`: stage of an event by name; other events keep the stage the customer is in. A score of `advocate_from` or
      more on a question about recommending (nps) is advocacy.
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
    session_at_most: int = DAY
    late_after: int = 72 * HOUR
    advocate_from: float = 9
    other_timeout: int = field(default=HOUR // 2)

    @cached_property
    def plans(self) -> "Plans":
        """The rules looked up per kind of event, made once."""
        from streams.fold.plans import Plans

        return Plans(self)
