"""A rules file as values, and the one that ships."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from streams.fold.rules import JourneyRules
from streams.identity.rules import IdentityRules
from streams.rules.identity import identity_of
from streams.rules.journeys import journeys_of
from streams.rules.section import Section
from streams.rules.where import Where, read
from throughline.errors import ConfigurationError

LARGEST = 256 * 1024  # bytes of a text: it travels as one claim
HIGHEST = (1 << 31) - 1  # of a version: 32 bits of the version of a row


@dataclass(frozen=True)
class RuleSet:
    """Everything that a file says, with the shipped value for all that it leaves out. Both halves have its version."""

    version: int
    identity: IdentityRules
    journeys: JourneyRules
    text: str


def parse(text: str, timeouts: Mapping[str, int] | None = None) -> RuleSet:
    """`timeouts`: ms after which a session of a channel ends, where the file does not say it.

    Raises ConfigurationError with one line for each thing that is wrong: the line in the text, the key, the reason.
    """
    where = Where(text)
    rules = _read(text, where)
    where.check()
    return replace(rules, journeys=replace(rules.journeys, timeouts={**(timeouts or {}), **rules.journeys.timeouts}))


def _read(text: str, where: Where) -> RuleSet:
    if len(text.encode()) > LARGEST:
        raise ConfigurationError(
            f"line 1: the file has more than {LARGEST // 1024} KiB; rules of that size are a mistake"
        )
    top = Section(read(text), where)
    version = top.number("version", 0, least=1, most=HIGHEST)
    if "version" not in top:
        where.wrong((), "the version is missing; write `version = 2` at the top, and a higher number with every change")
    identity = identity_of(top.table("identity"), version)
    journeys = journeys_of(top.table("journeys"), version)
    top.close()
    return RuleSet(version, identity, journeys, text)


@cache
def shipped_text() -> str:
    return files(__package__).joinpath("shipped.toml").read_text("utf-8")


def default(timeouts: Mapping[str, int] | None = None) -> RuleSet:
    """The rules that ship."""
    return parse(shipped_text(), timeouts)


def keys() -> set[str]:
    """Every key that a file may have, as `identity.types.*.limit`; `*` is a name or a place in an array."""
    where = Where(shipped_text())
    _read(shipped_text(), where)
    asked = {tuple(map(str, path)) for path in where.asked}
    tables = {path[:end] for path in asked for end in range(1, len(path))}
    return {".".join(path) for path in asked - tables}
