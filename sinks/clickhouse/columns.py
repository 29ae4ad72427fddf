"""How each kind of column of `schemas.tables` is stored, sent and read: cheap for Python, exact for the server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Convert = Callable[[list[Any]], list[Any]]


def _as_is(values: list[Any]) -> list[Any]:
    return values


def _encode(values: list[Any]) -> list[Any]:
    return [value.encode("utf-8", "replace") for value in values]


def _decode(values: Sequence[Any]) -> list[Any]:
    return [value.decode() for value in values]


@lru_cache(maxsize=10_000)
def _encoded_texts(texts: tuple[str, ...]) -> list[bytes]:
    return [text.encode() for text in texts]


def _encode_each(values: list[Any]) -> list[Any]:
    return [_encoded_texts(tuple(value)) for value in values]


def _decode_each(values: Sequence[Any]) -> list[Any]:
    return [tuple([text.decode() for text in value]) for value in values]


def _tuples(values: Sequence[Any]) -> list[Any]:
    return [tuple(value) for value in values]


def _little_endian(values: list[Any]) -> list[Any]:
    return [value.to_bytes(16, "little") for value in values]


@dataclass(frozen=True)
class Kind:
    """`{}` stands for the column in `parse` (what was sent -> stored) and `select` (stored -> what Python reads)."""

    stored: str
    sent: str
    parse: str = "{}"
    select: str = "{}"
    encode: Convert = _as_is
    decode: Callable[[Sequence[Any]], list[Any]] = list


def _plain(type: str) -> Kind:
    return Kind(type, type)


_LOW = "LowCardinality(String)"

KINDS: dict[str, Kind] = {
    "id": Kind("UUID", "FixedString(16)", "reinterpretAsUUID({})", "reinterpretAsFixedString({})"),
    "ms": Kind("DateTime64(3, 'UTC')", "Int64", "fromUnixTimestamp64Milli({}, 'UTC')", "toUnixTimestamp64Milli({})"),
    "low": Kind(_LOW, _LOW, encode=_encode, decode=_decode),
    "str": Kind("String", "String", encode=_encode, decode=_decode),
    "raw": _plain("String"),
    "u8": _plain("UInt8"),
    "u16": _plain("UInt16"),
    "u32": _plain("UInt32"),
    "u64": _plain("UInt64"),
    "u128": Kind("UInt128", "FixedString(16)", "reinterpretAsUInt128({})", encode=_little_endian),
    "i64": _plain("Int64"),
    "f64": _plain("Float64"),
    "dec4": Kind("Decimal(18, 4)", "Int64", "reinterpret({}, 'Decimal(18, 4)')", "reinterpret({}, 'Int64')"),
    "lows": Kind(f"Array({_LOW})", f"Array({_LOW})", encode=_encode_each, decode=_decode_each),
    "ids": Kind(
        "Array(UUID)",
        "Array(FixedString(16))",
        "arrayMap(i -> reinterpretAsUUID(i), {})",
        "arrayMap(i -> reinterpretAsFixedString(i), {})",
        decode=_tuples,
    ),
    "u32s": Kind("Array(UInt32)", "Array(UInt32)", decode=_tuples),
    "f64s": Kind("Array(Float64)", "Array(Float64)", decode=_tuples),
    "mss": Kind(
        "Array(DateTime64(3, 'UTC'))",
        "Array(Int64)",
        "arrayMap(i -> fromUnixTimestamp64Milli(i, 'UTC'), {})",
        "arrayMap(i -> toUnixTimestamp64Milli(i), {})",
        decode=_tuples,
    ),
}


def selected(columns: dict[str, str], prefix: str = "") -> str:
    """The SELECT list that reads these columns (name -> kind) in their order."""
    return ", ".join(KINDS[kind].select.format(f"{prefix}{name}") for name, kind in columns.items())


def decoded(columns: dict[str, str], values: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """What the server answered, column by column, as Python holds it. No rows: one empty list per column."""
    if not values:
        return [[] for _ in columns]
    return [KINDS[kind].decode(column) for kind, column in zip(columns.values(), values, strict=True)]
