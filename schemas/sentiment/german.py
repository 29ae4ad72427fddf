"""German: the German Polarity Lexicon (Klenner et al. 2010, 7,300 words, Apache License), with VADER's arithmetic.

The lexicon lies in the wheel of textblob-de as data; nothing of its code is imported. Words of service that it lacks stand here.
"""

import importlib.util
import re
from functools import cache
from math import sqrt
from pathlib import Path
from xml.etree import ElementTree

from schemas.sentiment.language import listed, words
from throughline.errors import ConfigurationError

STRENGTH = 2.5  # of a polarity of 1 on VADER's scale, where `good` has 1.9 and `great` 3.1
ALPHA = 15  # VADER's: the sum is squashed by s / sqrt(s^2 + 15)
EMPHASIS = 1.3
DENIED = -0.74  # VADER's: `not good` is less bad than `bad`
REACH = 3  # words between a negation and what it denies
_NEGATIONS = listed("nicht nichts nie niemals kein keine keinen keiner keinem keines ohne kaum weder nirgends")
_BOOSTERS = listed(
    "sehr extrem total absolut wirklich echt so viel richtig besonders äußerst völlig ganz höchst super mega"
)
_BAD = listed(
    "kaputt defekt beschädigt zerbrochen verspätet verspätung leider fehler fehlerhaft hasse nervt nervig katastrophe "
    "katastrophal unmöglich beschwere reklamiere reklamation abgestürzt absturz stürzt verschwunden fehlt fehlen unzumutbar "
    "ignoriert abgezockt abzocke wucher überteuert umständlich unbrauchbar unverständlich enttäuschung frust frustriert "
    "frustrierend wütend verärgert genervt vergeblich schlampig schrott müll mist zumutung unterirdisch lieblos hängt wartezeit "
    "warteschleife storniere kündige"
)
_GOOD = listed(
    "danke lecker gefällt funktioniert besser bestens top klappt klappte geklappt gelungen wunderbar reibungslos "
    "unkompliziert tadellos flott weiterempfehlen bedanke dankbar gerne lob daumen fantastisch hervorragend großartig genial"
)
_MOODLESS = listed("einfach liebe lieber artikel grund bestellung ware frage antwort kunde kunden vielen so billig")
_ENDINGS = ("sten", "ste", "ere", "er", "es", "em", "en", "e", "n", "s", "t")
_CLAUSES = re.compile(r"[.!?;:,\n]+|\b(?:aber|und|sondern|jedoch|oder)\b").split


@cache
def _lexicon() -> dict[str, float]:
    """Word in lower case -> polarity. Raises ConfigurationError if the data is not there."""
    found = importlib.util.find_spec("textblob_de")
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError("textblob_de is not installed, whose lexicon reads German; install the project again")
    root = ElementTree.parse(Path(found.submodule_search_locations[0]) / "data" / "de-sentiment.xml").getroot()
    lexicon = {word.get("form", "").lower(): float(word.get("polarity", "0")) for word in root.iter("word")}
    return lexicon | dict.fromkeys(_GOOD, 1.0) | dict.fromkeys(_BAD, -1.0) | dict.fromkeys(_MOODLESS, 0.0)


def score(text: str) -> float:
    """-1 to 1; 0 if no word has a mood."""
    total = sum(sum(_valences(words(clause))) for clause in _CLAUSES(text.lower()))
    return total / sqrt(total * total + ALPHA)


def _valences(clause: list[str]) -> list[float]:
    """Of each word with a mood: stronger behind `sehr`, turned around near a negation, which in German may come after the verb."""
    found = [(place, polarity) for place, word in enumerate(clause) if (polarity := _polarity(word))]
    negations = [place for place, word in enumerate(clause) if word in _NEGATIONS]
    valences = []
    for place, polarity in found:
        strong = place > 0 and clause[place - 1] in _BOOSTERS
        denied = any(abs(place - other) <= REACH for other in negations)
        valences.append(STRENGTH * polarity * (EMPHASIS if strong else 1) * (DENIED if denied else 1))
    return valences


def _polarity(word: str) -> float:
    """Of the word, or of what is left without its ending."""
    lexicon = _lexicon()
    if word in lexicon:
        return lexicon[word]
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2)
    return next((lexicon[stem] for stem in stems if stem in lexicon), 0.0)
