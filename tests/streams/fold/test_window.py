"""A windowed timeline says what the whole history says, whatever is let go, stored, read back and told late."""

from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh32_intdigest

from schemas.fact import Fact, version_of
from streams.fold.fold import fold
from streams.fold.window import Window
from tests.streams.fold.histories import NOWS, histories
from tests.streams.fold.holder import Holder, whole
from tests.streams.fold.test_properties import BUSY


def by_content(facts: list[Fact]) -> list[Fact]:
    """The same with versions as the decoder gives them: two attempts of one version have the same content."""
    return [fact._replace(version=version_of(fact.received_at, xxh32_intdigest(repr(fact).encode()))) for fact in facts]


SMALL = st.builds(Window, most=st.integers(1, 4), least=st.integers(1, 2), every=st.just(1))


@given(histories().map(by_content), SMALL, st.data())
@settings(max_examples=2000, deadline=None)
def test_a_window_says_what_the_whole_history_says(facts: list[Fact], window: Window, data: st.DataObject) -> None:
    holder, told, now = Holder(BUSY, window), [], 0
    order = data.draw(st.permutations(facts + facts[: data.draw(st.integers(0, 3))]) | st.just(facts))
    while order:
        size = data.draw(st.integers(1, 3))
        batch, order = order[:size], order[size:]
        told += batch
        now = max(now, data.draw(NOWS))
        holder.take(batch, now)
        what = data.draw(st.sampled_from(["", "cut", "cut and reload"]))
        if what:
            holder.cut()
        if "reload" in what:
            holder.reload()
        if not what or not order:
            best, rows = whole(told), fold(told, BUSY, now)
            assert holder.said == {key: (best[key], rows[key]) for key in rows}
