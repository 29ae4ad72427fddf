"""The commit account, against a model that remembers everything."""

from hypothesis import given
from hypothesis import strategies as st

from streams.transport.lane import Lane


def test_nothing_is_committable_before_the_first_ack():
    lane = Lane()
    lane.add(10, 10, 100, since=0.0)
    assert lane.committable() is None


def test_an_ack_behind_an_open_chunk_commits_nothing():
    lane = Lane()
    first, second = lane.add(10, 10, 100, 0.0), lane.add(20, 10, 100, 0.0)
    lane.ack(second)
    assert lane.committable() is None
    lane.ack(first)
    assert lane.committable() == 20


def test_what_is_committed_is_not_committed_again():
    lane = Lane()
    lane.ack(lane.add(10, 10, 100, 0.0))
    lane.commit(10)
    assert lane.committable() is None


def test_a_refused_commit_is_tried_again():
    lane = Lane()
    lane.ack(lane.add(10, 10, 100, 0.0))
    assert lane.committable() == lane.committable() == 10


def test_an_ack_during_a_commit_is_committed_by_the_next():
    lane = Lane()
    lane.ack(lane.add(10, 10, 100, 0.0))
    end = lane.committable()
    lane.ack(lane.add(20, 10, 100, 0.0))
    assert end is not None
    lane.commit(end)
    assert lane.committable() == 20


def test_a_second_ack_of_a_chunk_changes_nothing():
    lane = Lane()
    first, _ = lane.add(10, 10, 100, 0.0), lane.add(20, 5, 50, 0.0)
    lane.ack(first)
    lane.ack(first)
    assert (lane.chunks, lane.records, lane.bytes) == (1, 5, 50)


def test_a_position_that_jumped_back_is_committed_as_it_came():
    lane = Lane()
    lane.ack(lane.add(1000, 10, 100, 0.0))
    lane.commit(1000)
    lane.ack(lane.add(7, 7, 70, 0.0))
    assert lane.committable() == 7


def test_the_oldest_chunk_is_the_one_that_holds_up_commits():
    lane = Lane()
    first, second = lane.add(10, 10, 100, since=1.0), lane.add(20, 10, 100, since=2.0)
    lane.ack(second)
    assert lane.oldest() == 1.0
    lane.ack(first)
    assert lane.oldest() is None


@given(st.lists(st.integers(1, 50), max_size=30), st.randoms(use_true_random=False))
def test_committable_is_the_end_of_the_longest_acked_prefix(sizes, random):
    lane, ends, end = Lane(), [], 0
    for size in sizes:
        end += size + random.randrange(3)
        ends.append(end)
    tickets = [lane.add(end, size, size * 10, 0.0) for end, size in zip(ends, sizes, strict=True)]
    acked: set[int] = set()
    for index in random.sample(range(len(tickets)), len(tickets)):
        lane.ack(tickets[index])
        acked.add(index)
        prefix = next((i for i in range(len(tickets)) if i not in acked), len(tickets))
        assert lane.committable() == (ends[prefix - 1] if prefix else None)
        assert lane.records == sum(size for i, size in enumerate(sizes) if i not in acked)
        assert len(lane.tickets) == len(tickets) - prefix


def test_a_chunk_whose_work_goes_on_is_not_held_up():
    lane = Lane()
    ticket = lane.add(10, 10, 100, 1.0)
    lane.renew(ticket, 50.0)
    assert lane.oldest() == 50.0
    assert lane.renewals == 1
