"""What a person would say of a sentence, the measure should say too, where words alone can tell."""

import pytest

from schemas.sentiment import LONGEST, measured
from schemas.sentiment.language import ENGLISH, GERMAN, language_of

GOOD = [
    "Great service, thanks a lot!",
    "Very helpful agent, problem solved in two minutes",
    "I love the new app",
    "Super schnelle Lieferung, sehr zufrieden!",
    "Vielen Dank, der Mitarbeiter war wirklich freundlich und hilfreich.",
    "Hat alles bestens geklappt, gerne wieder",
    "Die Qualität gefällt mir sehr gut",
    "Kein Problem mit der Rückgabe",
]
BAD = [
    "The delivery was late and nobody answered, very disappointing.",
    "The app crashes all the time and support is useless",
    "Not good at all.",
    "Das Paket kam verspätet und war beschädigt.",
    "Die App funktioniert nicht.",
    "Guten Tag, leider ist die Kaffeemaschine schon wieder kaputt. Mit freundlichen Grüßen",
    "Ich bin sehr enttäuscht, das ist eine Frechheit",
    "Nicht zu empfehlen",
    "Der Service war unfreundlich und langsam",
]
NOTHING = [
    "Where is order 4711?",
    "Wo ist meine Bestellung 4711?",
    "Guten Tag",
    "Dear team",
    "",
    "4711",
    "Mit freundlichen Grüßen",
]


@pytest.mark.parametrize("text", GOOD)
def test_satisfaction_is_positive(text: str) -> None:
    score = measured(text)
    assert score is not None
    assert 0.2 < score <= 1


@pytest.mark.parametrize("text", BAD)
def test_annoyance_is_negative(text: str) -> None:
    score = measured(text)
    assert score is not None
    assert -1 <= score < -0.2


@pytest.mark.parametrize("text", NOTHING)
def test_words_without_a_mood_say_nothing(text: str) -> None:
    assert measured(text) is None


def test_emphasis_counts() -> None:
    assert (measured("Das war sehr schlecht") or 0) < (measured("Das war schlecht") or 0)


def test_a_language_is_known_by_its_small_words() -> None:
    assert language_of("ich warte seit Wochen") == GERMAN
    assert language_of("I am waiting for weeks") == ENGLISH
    assert (language_of("Ärger"), language_of("trouble")) == (GERMAN, ENGLISH)


def test_a_long_letter_is_read_from_its_beginning() -> None:
    assert measured("Danke! " + "x" * LONGEST + " schlecht schlecht schlecht") == measured("Danke!")
