"""A guess at the language: German or English, by the small words that every sentence has."""

import re

GERMAN, ENGLISH = "de", "en"
words = re.compile(r"[a-zäöüß]+(?:['\u2019][a-z]+)?").findall  # of a text in lower case


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


_GERMAN = listed(
    "aber als am auch auf aus bei bin bis da das dass dem den der des die doch ein eine einem einen einer er es für habe haben "
    "hat hatte ich ihr ihre im immer ist ja kann kein keine man mehr mein meine mich mir mit nach nicht nichts nie noch nun nur "
    "ohne schon sehr sein seit sich sie sind so und uns vom von vor war waren warum was wenn wer wie wird wir wurde zu zum zur "
    "danke bitte leider"
)
_ENGLISH = listed(
    "a about after all and any are at be because been but can did do does for from get got had has have he her him how i if in "
    "is it its just me my never no not of on or our out she so than that the their them then there they this to too up us was "
    "we were what when where which who why will with would you your thanks please"
)
_GREETINGS = re.compile(
    r"\b(?:guten (?:tag|morgen|abend)|sehr geehrte\w*|liebe[rs]? (?:frau|herr|team|damen)\w*|(?:mit )?(?:freundlich|lieb|viel|best)\w* "
    r"gr[üu](?:ß|ss)e\w*|mfg|good (?:morning|afternoon|evening)|dear \w+|(?:kind|best|warm) regards)\b",
    re.IGNORECASE,
)


def language_of(text: str) -> str:
    """Whichever language has more of its small words in the text; of a tie, German if there is an umlaut."""
    found = words(text.lower())
    german = sum(word in _GERMAN for word in found)
    english = sum(word in _ENGLISH for word in found)
    if german == english:
        return GERMAN if re.search("[äöüß]", text.lower()) else ENGLISH
    return GERMAN if german > english else ENGLISH


def without_greetings(text: str) -> str:
    """Politeness is no mood: `Guten Tag` says nothing about the day."""
    return _GREETINGS.sub(" ", text)
