"""The people behind the generated events: what identifies them, all of it made up.

Addresses end in example.com, telephone numbers are of the 555-01xx range kept for fiction; both are nobody's.
"""

from dataclasses import dataclass
from random import Random

_NAMES = (
    "ada", "ben", "cleo", "dan", "eva", "finn", "gina", "hugo", "ida", "jon", "kira", "leo", "mia", "ned", "olga",
    "paul", "rosa", "sam", "tess", "uma", "vic", "wanda", "yan", "zoe",
)  # fmt: skip
_AREAS = (
    "201", "202", "203", "205", "206", "207", "208", "209", "210", "212", "213", "214", "215", "216", "217",
    "218", "219", "224", "225", "228", "229", "231", "234", "239", "240", "248", "251", "252", "253", "254",
)  # fmt: skip
_LINES = 100  # 555-0100 to 555-0199
_WRONG_CLOCKS = 0.03


@dataclass(frozen=True, slots=True)
class Person:
    """A household, or a visitor who never says who they are (`loyalty_id` empty). `id` is the truth for tests.

    `browsers`: first-party cookies, one after the other. `clock_error`: ms by which the person's devices are wrong.
    """

    id: str
    loyalty_id: str
    emails: tuple[str, ...]
    phone: str
    support_id: str
    social_id: str
    device_id: str
    browsers: tuple[str, ...]
    clock_error: int

    @property
    def is_known(self) -> bool:
        return bool(self.loyalty_id)


def household(seed: int, number: int, browsers: int = 1) -> Person:
    """The household that holds the loyalty card of this number; always the same for one seed."""
    random = Random(f"household:{seed}:{number}")
    name = random.choice(_NAMES)
    partner = (f"{random.choice(_NAMES)}.{number}.b@example.com",) if random.random() < 0.15 else ()
    return Person(
        id=f"household:{number}",
        loyalty_id=str(number),
        emails=(f"{name}.{number}@example.com", *partner),
        phone=_phone(number),
        support_id=f"S-{100_000 + number}",
        social_id=f"mastodon:{name}{number}" if random.random() < 0.1 else "",
        device_id=f"{random.getrandbits(64):016x}" if random.random() < 0.35 else "",
        browsers=_cookies(random, browsers),
        clock_error=_clock_error(random),
    )


def visitor(seed: int, number: int) -> Person:
    """Somebody with a cookie and nothing else."""
    random = Random(f"visitor:{seed}:{number}")
    return Person(f"visitor:{number}", "", (), "", "", "", "", _cookies(random, 1), _clock_error(random))


def _phone(number: int) -> str:
    area, line = divmod(number, _LINES)
    return f"+1{_AREAS[area % len(_AREAS)]}55501{line:02d}"


def _cookies(random: Random, count: int) -> tuple[str, ...]:
    return tuple(f"c{random.getrandbits(80):020x}" for _ in range(count))


def _clock_error(random: Random) -> int:
    return random.randint(-7_200_000, 7_200_000) if random.random() < _WRONG_CLOCKS else 0
