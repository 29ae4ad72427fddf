import pytest

from throughline import errors


def test_every_error_has_the_one_root() -> None:
    own = [value for value in vars(errors).values() if getattr(value, "__module__", "") == errors.__name__]
    assert errors.Invalid in own
    assert all(issubclass(value, errors.ThroughlineError) for value in own)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.Invalid("lies before 2000-01-01", "timestamp"), "timestamp: lies before 2000-01-01"),
        (errors.Invalid("not JSON"), "not JSON"),
        (errors.Backpressure("the sink is full", 2), "the sink is full; retry after 2 s"),
        (errors.HeldByOther("here", 7, "noon"), "here is held by pid 7 since noon; stop it with `throughline down`"),
    ],
)
def test_a_message_says_what_where_and_what_to_do(error: errors.ThroughlineError, message: str) -> None:
    assert str(error) == message
