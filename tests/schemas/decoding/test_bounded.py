from schemas.decoding.bounded import Bounded


def test_it_never_holds_more_than_twice_its_size() -> None:
    known: Bounded[int, int] = Bounded(10)
    for number in range(1000):
        known.put(number, number)
        assert len(known) <= 20


def test_what_is_asked_for_stays() -> None:
    known: Bounded[str, int] = Bounded(10)
    known.put("often", 1)
    for number in range(200):
        known.put(str(number), number)
        assert known.get("often") == 1
    assert known.get("3") is None


def test_many_are_found_at_once_in_both_generations() -> None:
    known: Bounded[str, int] = Bounded(2)
    for number in range(3):
        known.put(str(number), number)
    assert known.get_all(["0", "2", "9"]) == [0, 2, None]
