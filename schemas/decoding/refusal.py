"""Why something is no event, worded for the person who sent it: what is wrong, where, and what to do."""

from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.identifiers import TYPES


class Refusal(NamedTuple):
    """`reason` is a key of `schemas.deadletter.REASONS`; `field` a dotted path, "" for the record as a whole."""

    reason: str
    field: str
    message: str


def refusal(reason: str, field: str, message: str) -> Refusal:
    """The message begins with the field, so that it can stand alone in a log."""
    return Refusal(reason, field, f"{field}: {message}" if field else message)


REMEDIES = {
    "missing": "is missing; every event of this kind needs it",
    "extra_forbidden": f"is no identifier; use {', '.join(TYPES)}, or put it into properties",
    "string_type": "must be text; send it in quotes",
    "string_too_short": "is empty; send a value or leave the field out",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "finite_number": "must be finite; leave it out where there is none",
    "model_type": "must be an object, in braces",
    "model_attributes_type": "must be an object, in braces",
}


def explained(error: ValidationError) -> Refusal:
    """The first complaint of pydantic in our words."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if field == "identifiers":
        return refusal("missing_identifiers", field, f"there are none; send an object with one of {', '.join(TYPES)}")
    if first["type"] == "value_error":
        return _own(field, str(first["ctx"]["error"]))
    return refusal("invalid", field, REMEDIES.get(first["type"]) or _plain(first))


def _own(field: str, sentence: str) -> Refusal:
    """A rule over several fields names one of them itself: `score: 11 lies outside ...`."""
    name, colon, rest = sentence.partition(": ")
    return (
        refusal("invalid", f"{field}.{name}", rest)
        if colon and name.isidentifier()
        else refusal("invalid", field, sentence)
    )


def _plain(error: Any) -> str:
    return f"{error['msg'].removeprefix('Input ')}; correct it, see `throughline schema export`"
