"""A fact: the narrow form of a touchpoint, all that a fold reads. Times are integer milliseconds UTC."""

from typing import NamedTuple

from schemas.ids import Id

Key = tuple[Id, int, Id]
Named = tuple[tuple[str, str], ...]


class Fact(NamedTuple):
    """One touchpoint as the fold sees it. Facts never move: `node` is the strongest identifier of the event itself."""

    node: Id
    original_timestamp: int
    event_id: Id
    event_time: int  # corrected by the client's clock; the fold sorts by (event_time, event_id)
    received_at: int
    version: int  # the smallest received_at has the highest version: the first received wins
    channel: str
    event: str
    thread: str  # conversation or order this belongs to, "ticket_id:T-1"; "" if none
    value: int  # money in 1/10,000 of `currency`; 0 if none
    currency: str
    metric: str  # what `score` is: nps, csat, ces, rating (1 to 5), text (measured, -1 to 1), or "" if there is none
    score: float  # meaningful only with a metric
    location: str  # where it happened: page path, screen, store, queue
    about: str = ""  # the order that it names besides its thread, "order_id:O-1"; "" if none
    named: Named = ()  # properties that the rules look at (schemas.looks), as text, by name

    @property
    def key(self) -> Key:
        return self[0], self[1], self[2]


class Signal(NamedTuple):
    """A friction signal that a fold found; it lives in the row of the fact that begins it."""

    name: str
    at: int  # ms at which it became true
    location: str
    detail: str  # one sentence for an ops person


class Row(NamedTuple):
    """What a fold says of one fact. Session and journey summaries stand only in the row of the fact that begins them."""

    status: str  # folded, late, duplicate
    session_id: Id
    journey_id: Id
    journey_type: str
    stage: str
    previous_channel: str  # set when this touchpoint is a hand-off
    previous_gap: int  # ms since the previous touchpoint of the customer, 0 for the first
    session_start: int  # summary of the session, 0 and 0 unless this fact begins it
    session_end: int
    session_touchpoints: int
    journey_outcome: str  # open, completed, abandoned, cancelled; "" unless this fact begins the journey
    journey_start: int
    journey_end: int
    journey_touchpoints: int
    journey_handoffs: int
    journey_sessions: int
    journey_reopened: int
    journey_value: int
    journey_channels: tuple[str, ...]
    journey_currency: str  # of journey_value
    journey_stage: str  # the stage it is in, or ended in
    journey_emotion_times: tuple[int, ...]  # ms, in order; parallel to the next
    journey_emotions: tuple[float, ...]  # -1 to 1
    previous_stage: str  # set when the stage changes with this touchpoint
    stage_time: int  # ms spent in that stage, 0 unless it changes
    stage_rule: str  # the rule that changed it, as its key in the rules file
    linked_journey_id: Id  # another journey of the same order, ticket, call or chat
    signals: tuple[Signal, ...]
    due: int  # the next deadline that is still open, 0 if none


def version_of(received_at: int, content: int) -> int:
    """`(2^42 - 1 - received_at) << 21 | 21 bits of a hash of the event`: the first received wins, content breaks a tie."""
    return ((1 << 42) - 1 - received_at) << 21 | content & 0x1FFFFF
