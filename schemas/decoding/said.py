"""What a fact takes from an event's properties and context: thread, money, score, location."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from schemas.identifiers import key_of, normalise
from schemas.money import decimal_of, units_of
from schemas.scores import RATING, RATINGS, SCALES, TEXT
from schemas.sentiment import measured

Said = tuple[str, int, str, str, float, str, str]
THREADS = {"ticket_id": "ticket_id", "call_id": "call_id", "chat_id": "chat_id", "conversation_id": "chat_id",
           "order_id": "order_id"}  # fmt: skip
MONEY = ("revenue", "total", "value")
# thread, value in 1/10,000, currency, metric, score, location, order
LONGEST = 1024  # letters of a location; a mark with a longer one might be more than Kafka takes
NO_THREADS = "", ""
PLACES = ("location", "path", "screen", "store_id", "queue")


def reader_of(event: str, properties: type[Struct], words: str = "") -> Callable[[Any], Said]:
    """The function that reads these from an event whose properties are of this struct.

    metric and score: those of a survey, else a rating from 1 to 5, else the mood of `words`.

    thread: the first of ticket_id, call_id, chat_id (conversation_id), order_id, normalised; order: order_id, normalised.
    value: the first of revenue, total, value.
    location: the first that is not empty of location, path, screen (name, for Screen Viewed), store_id, queue and the
    path of url among the properties, then context.page.path, the path of context.page.url, context.screen.name; its
    first 1,024 letters.
    """
    has = properties.__struct_fields__
    threads = [name for name in THREADS if name in has]
    places = [name for name in PLACES if name in has]
    if event == "Screen Viewed":
        places.insert(places.index("screen") + 1, "name")
    get_threads, get_money = attrgetter(*threads), attrgetter(*[name for name in MONEY if name in has], "value")
    get_places, with_url = attrgetter(*places, "location"), "url" in has
    no_threads = (None,) * len(threads)

    def read(event: Any) -> Said:
        properties = event.properties
        given = get_threads(properties)
        thread, order = NO_THREADS if given == no_threads else threads_of(dict(zip(threads, given, strict=True)))
        value, currency = 0, properties.currency
        for amount in get_money(properties):
            if amount is not None:
                value = units_of(amount)
                break
        for place in get_places(properties):
            if place:
                break
        else:
            url = path_of(properties.url) if with_url and properties.url else ""
            place = url or _surroundings(event.context)
        return thread, value, currency.upper() if currency else "", "", 0.0, place[:LONGEST], order

    if "metric" in has:
        return _with_score(read)
    return _with_mood(read, words, "rating" in has) if words or "rating" in has else read


def _with_mood(read: Callable[[Any], Said], words: str, is_rated: bool) -> Callable[[Any], Said]:
    def read_mood(event: Any) -> Said:
        said, properties = read(event), event.properties
        mood = _mood(properties.rating if is_rated else None, getattr(properties, words) if words else None)
        return *said[:3], *mood, *said[5:]

    return read_mood


def _mood(rating: Any, words: Any) -> tuple[str, float]:
    """A rating if it is on the scale, else what the words say."""
    try:
        given = float(rating) if isinstance(rating, int | float | str) and not isinstance(rating, bool) else 0.0
    except ValueError:
        given = 0.0
    if RATINGS[0] <= given <= RATINGS[1]:
        return RATING, given
    score = measured(words) if isinstance(words, str) and words else None
    return ("", 0.0) if score is None else (TEXT, score)


def _with_score(read: Callable[[Any], Said]) -> Callable[[Any], Said]:
    def read_score(event: Any) -> Said:
        thread, value, currency, _, _, place, order = read(event)
        return thread, value, currency, event.properties.metric, event.properties.score, place, order

    return read_score


def threads_of(given: Mapping[str, Any]) -> tuple[str, str]:
    """`type:value` of the first transaction among the properties that is not blocked, and of the order."""
    first = last = ""
    for name, type in THREADS.items():
        value = given.get(name)
        normal = normalise(type, value) if value else None
        last = "" if normal is None else key_of(type, normal)
        first = first or last
    return first, last


def _surroundings(context: Any) -> str:
    page, screen = context.page, context.screen
    if page is not None and (page.path or page.url):
        return page.path or path_of(page.url)
    return (screen.name or "") if screen is not None else ""


@lru_cache(maxsize=8192)
def path_of(url: str) -> str:
    """The path of a URL, "" if it is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def read_free(event: Any) -> Said:
    """The same of an event that no channel knows: what is well formed is taken, what is not stays a property."""
    free = event.properties
    metric, score = _score(free.metric, free.score)
    if not metric:
        metric, score = _mood(free.rating, free.comment or free.review_body)
    texts = {name: value for name in THREADS if isinstance(value := getattr(free, name, None), str)}
    currency = free.currency if isinstance(free.currency, str) and len(free.currency) == 3 else ""
    places = [value for name in PLACES if isinstance(value := getattr(free, name), str) and value]
    url = path_of(free.url) if isinstance(free.url, str) else ""
    place = places[0] if places else url or _surroundings(event.context)
    thread, order = threads_of(texts)
    return thread, _amount(free), currency.upper(), metric, score, place[:LONGEST], order


def _amount(free: Any) -> int:
    for value in (free.revenue, free.total, free.value):
        if isinstance(value, int | float | str):
            try:
                return units_of(decimal_of(value))
            except ValueError:
                continue  # free properties may hold anything under these names
    return 0


def _score(metric: Any, score: Any) -> tuple[str, float]:
    low, high = SCALES.get(metric, (0, 0)) if isinstance(metric, str) else (0, 0)
    fits = isinstance(score, int | float) and not isinstance(score, bool) and low <= score <= high
    return (metric, float(score)) if high and fits else ("", 0.0)
