import pytest

from sources.emitting.lines import Report, parse, take
from throughline.errors import Backpressure, Invalid, Unavailable


def refuse_odd(line: bytes) -> None:
    if int(line) % 2:
        raise Invalid("is odd; send an even one", "number")


def test_a_wrong_line_does_not_stop_the_others() -> None:
    wrong: list[tuple[int, str]] = []
    report = Report()
    lines = [b"2\n", b"3\n", b"\n", b"4"]
    take(lines, refuse_odd, lambda number, error: wrong.append((number, str(error))), report)
    assert report == Report(read=3, taken=2, refused=1)
    assert wrong == [(2, "number: is odd; send an even one")]


def test_a_full_buffer_names_the_line_at_which_it_stopped() -> None:
    def full(line: bytes) -> None:
        raise Backpressure("the buffer is full")

    with pytest.raises(Unavailable, match="stopped at line 1"):
        take([b"{}"], full, lambda number, error: None, Report())


@pytest.mark.parametrize("line", [b"{", b"[1]", b'"x"', b'{"a": NaN}', b'{"a": "\xff"}', b""])
def test_only_a_json_object_is_an_event(line: bytes) -> None:
    with pytest.raises(Invalid, match="one object per line"):
        parse(line)


def test_an_object_is_an_event() -> None:
    assert parse(b' {"event": "Page Viewed"}\n') == {"event": "Page Viewed"}
