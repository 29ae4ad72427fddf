"""What a customer's words say of their mood, measured by counting words: cheap, explainable, and no more than that.

It misses irony, and what only the context says. Whatever is measured is labelled so wherever it shows.
"""

from functools import lru_cache

from schemas.sentiment import english, german
from schemas.sentiment.language import GERMAN, language_of, without_greetings

LONGEST = 1_000  # letters that are read: a mood is said early, and a long letter must not stop the intake


@lru_cache(maxsize=4_096)
def measured(text: str) -> float | None:
    """-1 to 1 by 0.001; None if no word of the text has a mood. German or English; anything else is read as English."""
    words = without_greetings(text[:LONGEST])
    score = german.score(words) if language_of(words) == GERMAN else english.score(words)
    return round(score, 3) or None
