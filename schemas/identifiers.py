"""Identifiers: their types and order of strength, how a value is normalised, and which values name nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

import phonenumbers

from schemas.murmur2 import murmur2

DAY = 86_400_000
LONGEST = 1024
NOTHING: frozenset[str] = frozenset()
BLOCKED = frozenset(
    ("null", "none", "nan", "undefined", "true", "false", "anonymous", "guest", "id", "email", "distinct_id",
     "not_authenticated", "invalid", "-1", "[object object]")
)  # fmt: skip


@dataclass(frozen=True)
class IdentifierType:
    """`rank`: 1 is the strongest. A customer holds at most `limit` values within `window` ms (None: no limit, ever).

    `kind`: `person` and `device` identifiers join customers; a `transaction` links events and never joins people.
    `unique`: two different values are never one customer.
    """

    name: str
    kind: str
    rank: int
    limit: int | None
    window: int | None
    unique: bool = False


TYPES: dict[str, IdentifierType] = {
    type.name: type
    for type in (
        IdentifierType("user_id", "person", 1, 1, None, unique=True),
        IdentifierType("loyalty_id", "person", 2, 2, None),
        IdentifierType("email", "person", 3, 5, 365 * DAY),
        IdentifierType("phone", "person", 4, 5, 365 * DAY),
        IdentifierType("crm_id", "person", 5, 3, None),
        IdentifierType("support_id", "person", 5, 3, None),
        IdentifierType("social_id", "person", 6, 5, 365 * DAY),
        IdentifierType("device_id", "device", 7, 5, 365 * DAY),
        IdentifierType("anonymous_id", "device", 8, 5, 7 * DAY),
        IdentifierType("ticket_id", "transaction", 9, None, None),
        IdentifierType("call_id", "transaction", 10, None, None),
        IdentifierType("chat_id", "transaction", 11, None, None),
        IdentifierType("order_id", "transaction", 12, None, None),
    )
}  # in the order of strength; of two types with one rank the first names the event
TRANSACTIONS = tuple(name for name, type in TYPES.items() if type.kind == "transaction")


def normalise(type: str, value: str, region: str = "", blocked: frozenset[str] = NOTHING) -> str | None:
    """The form in which two spellings of one identifier are equal; None if the value is blocked, so it names nobody.

    `region` (ISO 3166, "DE") completes phone numbers without a country code; `blocked` adds values, in lower case.
    Raises KeyError for an unknown type.
    """
    rule = TYPES[type]
    text = value if rule.kind == "device" else value.strip()
    folded = text.strip().lower()
    if not folded.strip("0-") or len(text) > LONGEST or folded in BLOCKED or folded in blocked:
        return None
    form = _FORMS.get(type)
    return form(text, region) if form else text


def _email(text: str, region: str) -> str | None:
    name, at, host = normalize("NFC", text).lower().rpartition("@")
    return f"{name}@{host}" if name and at and host else None


def _phone(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _social(text: str, region: str) -> str | None:
    network, colon, account = text.partition(":")
    network, account = network.strip().lower(), account.strip()
    return f"{network}:{account}" if network and colon and account else None


def _loyalty(text: str, region: str) -> str | None:
    return text.upper()


_FORMS = {"email": _email, "phone": _phone, "social_id": _social, "loyalty_id": _loyalty}


def ranked(
    identifiers: Mapping[str, str | None], region: str = "", blocked: frozenset[str] = NOTHING
) -> list[tuple[str, str]]:
    """(type, normalised value) of every identifier that is not blocked, the strongest first."""
    return list(_ranked(identifiers, region, blocked))


def _ranked(identifiers: Mapping[str, str | None], region: str, blocked: frozenset[str]) -> Iterable[tuple[str, str]]:
    for type in TYPES:
        value = identifiers.get(type)
        normal = normalise(type, value, region, blocked) if value is not None else None
        if normal is not None:
            yield type, normal


def strongest(
    identifiers: Mapping[str, str | None], region: str = "", blocked: frozenset[str] = NOTHING
) -> tuple[str, str] | None:
    """(type, normalised value) that names the event; None if every identifier is blocked."""
    return next(iter(_ranked(identifiers, region, blocked)), None)


def key_of(type: str, value: str) -> str:
    """The text of a record's key and of the node: `type:normalised value`."""
    return f"{type}:{value}"


@lru_cache(maxsize=1 << 17)
def home_of(key: str) -> int:
    """31 bits of murmur2 of a key `type:normalised value`; modulo the number of partitions: the record's partition."""
    return murmur2(key.encode()) & 0x7FFFFFFF
