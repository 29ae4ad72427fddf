"""Traffic without an end, for the same households as in the past."""

from collections.abc import Iterator, Sequence
from random import Random

from sources.generator import outreach, service, website
from sources.generator.people import household, visitor
from sources.generator.plan import Entry
from sources.generator.scene import Story

_TOUCHES_PER_STORY = 4.2
_STORIES: tuple[tuple[Story, float], ...] = (
    (website.register, 1),
    (website.browse, 4),
    (website.sign_in, 4),
    (outreach.newsletter, 2),
    (outreach.survey, 2),
    (service.chat, 1),
    (service.call, 1),
    (service.letter, 1),
    (service.from_website_to_phone, 1),
)


def endless(seed: int, households: Sequence[int], start: int, rate: float) -> Iterator[Entry]:
    """Stories at random moments, so many that about `rate` touches a second come of them."""
    random = Random(f"live:{seed}:{start}")
    stories, weights = zip(*_STORIES, strict=True)
    at, number = float(start), 0
    while True:
        at += random.expovariate(rate / _TOUCHES_PER_STORY) * 1000
        number += 1
        draw = f"{seed}:{start}:live:{number}"
        if random.random() < 0.3:
            person, story = visitor(seed, 1_000_000_000 + start // 1000 + number), website.browse
        else:
            person, story = household(seed, random.choice(households)), random.choices(stories, weights)[0]
        yield Entry(int(at), draw, story, person, person.browsers[0], None)
