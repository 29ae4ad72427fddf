"""The judge, with time as an argument; that the process really ends is shown in test_crashes.py."""

from streams.transport.watchdog import Judge, Patience, Vitals

PATIENCE = Patience(stalled=10, held=10, crashed=3, stopping=5, oldest=4, idle=6)


def verdicts(*history: Vitals):
    judge = Judge(PATIENCE, now=0.0)
    return [judge.judge(vitals, vitals.taken) for vitals in history]


def working(taken: float, acked: int = 0, waiting: int = 0, **more) -> Vitals:
    return Vitals(taken, acked=acked, waiting=waiting, **{"partitions": 1, **more})


def test_an_idle_worker_lives():
    assert [v.end for v in verdicts(*(working(t) for t in range(0, 100, 5)))] == [None] * 20


def test_a_worker_that_acks_lives_however_much_waits():
    assert [v.end for v in verdicts(*(working(t, acked=t, waiting=9) for t in range(100)))] == [None] * 100


def test_a_worker_that_acks_nothing_while_records_wait_is_ended():
    ends = [v.end for v in verdicts(working(1, acked=1, waiting=5), working(11, 1, 5), working(12, 1, 5))]
    assert ends[:2] == [None, None]
    assert "nothing was acknowledged for 11 s" in ends[2]


def test_the_clock_starts_when_records_begin_to_wait():
    assert verdicts(working(0), working(50), working(51, waiting=5), working(59, waiting=5))[-1].end is None


def test_an_event_loop_that_stands_still_is_ended():
    judge, last = Judge(PATIENCE, 0.0), working(1)
    assert judge.judge(last, 9.0).end is None
    assert judge.judge(last, 12.0).end is not None


def test_a_short_pause_of_the_loop_is_no_crash():
    judge, last = Judge(PATIENCE, 0.0), working(1)
    assert judge.judge(last, 8.0).end is None


def test_a_crash_that_does_not_end_is_ended():
    ends = [v.end for v in verdicts(*(working(t, crashed=True) for t in range(5)))]
    assert ends[3] is None
    assert "crashed 4 s ago" in ends[4]


def test_a_stop_that_hangs_is_ended():
    ends = [v.end for v in verdicts(*(working(t, stopping=True) for t in range(7)))]
    assert ends[5] is None
    assert "told to stop 6 s ago" in ends[6]


def test_an_old_chunk_in_hand_raises_an_alarm():
    (quiet, loud) = verdicts(working(10, oldest=8.0), working(13, oldest=8.0))
    assert quiet.alarms == {}
    assert "5 s" in loud.alarms["oldest"]


def test_a_partition_that_stands_still_beside_others_that_flow_ends_the_worker():
    steady = [working(t, acked=t, waiting=5, oldest=8.0) for t in range(10, 22)]
    assert [v.end for v in verdicts(*steady)][:9] == [None] * 9
    assert "in hand for 11 s" in str(verdicts(*steady)[9].end)


def test_a_member_without_partitions_raises_an_alarm_after_a_while():
    alarms = [v.alarms for v in verdicts(*(working(t, partitions=0) for t in range(8)))]
    assert "idle" not in alarms[6]
    assert "idle" in alarms[7]


def test_deleted_offsets_raise_an_alarm():
    (verdict,) = verdicts(working(1, truncated=("t[0] 5..9",)))
    assert verdict.alarms["truncated"] == "deleted before they were read: t[0] 5..9"
