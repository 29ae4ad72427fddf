"""A record that is no event: kept with its bytes, its origin, a reason of one catalogue, the field, and the remedy."""

from typing import NamedTuple


class DeadLetter(NamedTuple):
    """`message` says what is wrong and what to do. `raw` is the record's value as it came, b"" for a tombstone."""

    offset: int
    record_time: int  # Kafka's timestamp of the record, ms
    reason: str  # a key of REASONS
    field: str  # dotted path into the event, "" for the record as a whole
    message: str
    raw: bytes
    key: bytes


REASONS = {
    "tombstone": "The record has a key and no value. Public topics hold events, which are never deleted by key.",
    "too_large": "The record is larger than intake.max_record_bytes.",
    "not_json": "The value is not one JSON document in UTF-8, or has NaN or Infinity, which are no JSON.",
    "not_finite": "A number is too large for a double.",
    "too_deep": "Objects and lists are nested deeper than 32 levels.",
    "bad_text": "A text holds NUL or half of a surrogate pair, which no store keeps.",
    "invalid": "A field is missing or has a wrong type or value.",
    "unknown_channel": "No file in sources/channels names this channel.",
    "wrong_channel": "The event names another channel than the topic it was sent to.",
    "missing_identifiers": "No identifier is left that could name a person, a device or a transaction.",
    "out_of_time": "A time lies before intake.earliest_event, or more than 24 h after the event was received.",
}  # fmt: skip
