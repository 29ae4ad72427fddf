"""English: VADER (Hutto and Gilbert 2014), a lexicon of 7,500 words with rules for negation, emphasis and `but`."""

from functools import cache

from vader import SentimentIntensityAnalyzer

_SERVICE = {  # words of service that the lexicon lacks, on its scale of -4 to 4
    "crash": -1.8, "crashes": -1.8, "crashed": -1.8, "broken": -1.9, "faulty": -1.9, "defective": -2.0, "missing": -1.2,
    "late": -1.1, "delayed": -1.4, "unanswered": -1.5, "overcharged": -2.1, "unresponsive": -1.7, "refused": -1.2,
    "unusable": -2.2, "laggy": -1.4, "slow": -1.0, "reliable": 1.7, "seamless": 1.8, "effortless": 1.7, "responsive": 1.5,
}  # fmt: skip


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer(extra_lexicon=_SERVICE)


def score(text: str) -> float:
    """VADER's compound score, -1 to 1."""
    return float(_analyzer().polarity_scores(text)["compound"])
