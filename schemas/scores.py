"""The scales on which customers score: NPS 0-10, CSAT 1-5, CES 1-7, ratings 1-5; and what a score says of their mood."""

SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
RATING, TEXT = "rating", "text"  # metrics of a fact that no survey asks for
RATINGS = 1, 5
_MOODS = {
    "nps": (0, 7.5, 10),
    "csat": (1, 3, 5),
    "ces": (1, 4, 7),
    RATING: (1, 3, 5),
    TEXT: (-1, 0, 1),
}  # worst, neutral, best
_SOURCES = {RATING: "rating", TEXT: "measured"}


def sentiment_of(metric: str, score: float) -> tuple[float, str]:
    """-1 to 1, and where it comes from: score (of a survey), rating, measured (from text), or "" if there is no metric.

    Linear on either side of the neutral score, which is 7.5 for NPS (passives are 7 and 8), else the middle of the scale.
    """
    if not metric:
        return 0.0, ""
    worst, neutral, best = _MOODS[metric]
    span = best - neutral if score > neutral else neutral - worst
    return round((score - neutral) / span, 3), _SOURCES.get(metric, "score")
