"""Which stories happen to whom and when. A plan holds one small tuple per story, so a year of them fits in memory.

Every identifier that a household uses is joined to its loyalty card, directly or by steps, through claims of level 3 or
4 that lie in the same period: enough to find exactly the true customers. No identifier is used by two people.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from random import Random
from typing import NamedTuple

from sources.complete_journey import Order
from sources.generator import outreach, service, website
from sources.generator.people import Person, household, visitor
from sources.generator.scene import DAY, HOUR, Scene, Story, Touch

YEAR = 365 * DAY
_DIGITAL = 0.6  # of the households; the others are seen at the till alone
_VISITORS = 1.2  # per household and year
_COOKIE_LIVES = 120 * DAY
_PER_YEAR: Mapping[Story, float] = {
    website.browse: 3,
    website.sign_in: 2,
    outreach.newsletter: 9,
    outreach.survey: 2,
    service.chat: 0.35,
    service.call: 0.3,
    service.letter: 0.25,
    service.again: 0.12,
    service.from_website_to_phone: 0.2,
    website.app_visit: 5,
    service.social: 1.5,
}
_AFTER_A_PURCHASE: Mapping[Story, tuple[int, int]] = {
    outreach.survey: (16 * HOUR, 30 * HOUR),
    service.chat: (HOUR, DAY),
    service.letter: (HOUR, 2 * DAY),
}
_BEFORE_A_PURCHASE: Mapping[Story, tuple[int, int]] = {
    website.sign_in: (-6 * HOUR, -HOUR),
    website.app_visit: (-HOUR, -HOUR // 6),
}


class Entry(NamedTuple):
    """A story that begins at `at`. `draw` seeds its chances."""

    at: int
    draw: str
    story: Story
    person: Person
    browser: str
    order: Order | None


@dataclass(frozen=True)
class Period:
    """Stories begin in [start, end), ms UTC; some end a few days later."""

    seed: int
    start: int
    end: int

    @property
    def years(self) -> float:
        return (self.end - self.start) / YEAR


def plan(period: Period, households: Sequence[int], orders: Iterable[Order] = ()) -> list[Entry]:
    """All stories of the period, in order of time."""
    baskets: Mapping[int, list[Order]] = _by_household(orders, period)
    entries = [entry for number in households for entry in _household(period, number, baskets.get(number, []))]
    count = round(len(households) * _VISITORS * period.years)
    entries += [entry for number in range(count) for entry in _visitor(period, number)]
    return sorted(entries, key=attrgetter("at", "draw"))


def tell(entries: Iterable[Entry]) -> Iterator[Touch]:
    """The touches of all stories, in order of time. `entries` are in order of time and may be endless."""
    waiting: list[tuple[int, int, Touch]] = []
    told = 0
    for entry in entries:
        while waiting and waiting[0][0] <= entry.at:
            yield heapq.heappop(waiting)[2]
        scene = Scene(entry.person, entry.at, Random(entry.draw), entry.browser, entry.order)
        for touch in entry.story(scene):
            told += 1
            heapq.heappush(waiting, (touch.at, told, touch))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _household(period: Period, number: int, baskets: list[Order]) -> Iterator[Entry]:
    random = Random(f"plan:{period.seed}:{number}:{period.start}")
    if random.random() >= _DIGITAL:
        return
    person = household(period.seed, number, browsers=1 + (period.end - period.start) // _COOKIE_LIVES)
    moments = [*_introductions(period, person, random), *_habits(period, person, random, baskets)]
    for i, (at, story, order) in enumerate(moments):
        yield Entry(
            at, f"{period.seed}:{number}:{period.start}:{i}", story, person, _browser(period, person, at), order
        )


Moment = tuple[int, Story, Order | None]


def _introductions(period: Period, person: Person, random: Random) -> Iterator[Moment]:
    """The stories that join the identifiers: each cookie is logged in once in its life, the first one registers."""
    lives = len(person.browsers)
    life = (period.end - period.start) // lives
    for i in range(lives):
        first = period.start + i * life
        at = _awake(first, max(first + life - DAY, first), random)
        yield at, website.sign_in if i else website.register, None
    begin, end = period.start, max(period.end - DAY, period.start)
    if len(person.emails) > 1:
        yield _awake(begin, end, random), website.add_partner, None
    if person.device_id:
        yield _awake(begin, end, random), website.app_first, None
    if person.social_id:
        yield _awake(begin, end, random), service.social_first, None


def _habits(period: Period, person: Person, random: Random, baskets: list[Order]) -> Iterator[Moment]:
    for story, mean in _PER_YEAR.items():
        if (story is website.app_visit and not person.device_id) or (story is service.social and not person.social_id):
            continue
        for _ in range(int(mean * period.years * random.uniform(0.4, 1.6) + random.random())):
            yield _moment(story, period, random, baskets)


def _moment(story: Story, period: Period, random: Random, baskets: list[Order]) -> Moment:
    """When it happens: around a real basket where that makes sense, else at any time when people are awake."""
    offsets = _AFTER_A_PURCHASE.get(story) or _BEFORE_A_PURCHASE.get(story)
    if offsets and baskets and (story in _AFTER_A_PURCHASE or random.random() < 0.6):
        order = random.choice(baskets)
        at = order.at + random.randint(*offsets)
        if period.start <= at < period.end:
            return at, story, order if story in _AFTER_A_PURCHASE else None
    return _awake(period.start, period.end, random), story, None


def _visitor(period: Period, number: int) -> Iterator[Entry]:
    random = Random(f"visits:{period.seed}:{number}:{period.start}")
    person = visitor(period.seed, number)
    at = _awake(period.start, period.end, random)
    for i in range(random.choice((1, 1, 1, 2))):
        story = service.chat if random.random() < 0.05 else website.browse
        draw = f"{period.seed}:v{number}:{period.start}:{i}"
        yield Entry(
            min(at + i * random.randint(HOUR, 3 * DAY), period.end - 1), draw, story, person, person.browsers[0], None
        )


def _browser(period: Period, person: Person, at: int) -> str:
    return person.browsers[(at - period.start) * len(person.browsers) // (period.end - period.start)]


def _awake(start: int, end: int, random: Random) -> int:
    """A moment of [start, end), by day in the United States if the interval has one."""
    days = (end - start) // DAY
    if days < 2:
        return random.randrange(start, max(end, start + 1))
    return start + random.randrange(days - 1) * DAY + random.randrange(12 * HOUR, 28 * HOUR)


def _by_household(orders: Iterable[Order], period: Period) -> Mapping[int, list[Order]]:
    baskets: dict[int, list[Order]] = defaultdict(list)
    for order in orders:
        if period.start <= order.at < period.end:
            baskets[order.household].append(order)
    return baskets
