"""Unpacking into columns, against aiokafka's own unpacking of the same bytes."""

import struct

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from aiokafka.util import NO_EXTENSIONS
from hypothesis import given
from hypothesis import strategies as st

from streams.transport.unpack import unpack

LZ4, NONE = 3, 0
ATTRIBUTES, CRC = 21, 17
CONTROL, ABORT, COMMIT = 0x20, struct.pack(">hh", 0, 0), struct.pack(">hh", 0, 1)


def batch(base, records, *, producer=-1, control=None, compression=LZ4) -> bytes:
    """A batch of the wire format with its first offset at `base`; `control` is the key of a transaction marker."""
    transactional = producer >= 0
    builder = DefaultRecordBatchBuilder(2, NONE if control else compression, transactional, producer, 0, 0, 1 << 20)
    for index, (key, value, headers) in enumerate([(control, b"", [])] if control else records):
        builder.append(index, 1_000 + base + index, key, value, headers)
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, base)
    if control:
        attributes = struct.unpack_from(">h", raw, ATTRIBUTES)[0]
        struct.pack_into(">h", raw, ATTRIBUTES, attributes | CONTROL)
    return bytes(raw)


def source(raw: bytes, start=0, aborted=(), isolation=READ_COMMITTED, crcs=False) -> PartitionRecords:
    place, records = TopicPartition("t", 0), MemoryRecords(raw)
    return PartitionRecords(place, records, list(aborted), start, None, None, crcs, isolation)


def plain(count):
    return [(b"k%d" % i, b"v%d" % i, []) for i in range(count)]


def rows(pieces):
    """(offset, timestamp, key, value, headers) of every record, however it was cut."""
    return [
        (*row, list(columns.headers.get(index, ())))
        for columns in pieces
        for index, row in enumerate(zip(columns.offsets, columns.timestamps, columns.keys, columns.values, strict=True))
    ]


def rows_of_aiokafka(records):
    return [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in records]


def test_long_answers_are_cut_and_the_position_follows_every_cut():
    records = source(batch(0, plain(5)) + batch(5, plain(5)))
    positions = [(len(columns.offsets), records.next_fetch_offset) for columns in unpack(records, most=4)]
    assert positions == [(4, 4), (4, 8), (2, 10)]


def test_small_batches_come_together():
    records = source(b"".join(batch(offset, plain(1)) for offset in range(7)))
    assert [columns.offsets for columns in unpack(records, most=100)] == [list(range(7))]


def test_records_before_the_offset_asked_for_are_left_out():
    assert [columns.offsets for columns in unpack(source(batch(0, plain(5)), start=3), 100)] == [[3, 4]]


def test_a_tombstone_and_headers_survive():
    (columns,) = unpack(source(batch(0, [(b"k", None, []), (None, b"v", [("h", b"1"), ("n", None)])])), 100)
    assert columns.values == [None, b"v"]
    assert columns.headers == {1: [("h", b"1"), ("n", None)]}


def test_an_answer_of_markers_alone_gives_nothing_and_moves_on():
    records = source(batch(4, [], producer=1, control=COMMIT), start=4)
    assert list(unpack(records, 100)) == []
    assert records.next_fetch_offset == 5


def test_a_damaged_batch_is_refused():
    raw = bytearray(batch(0, plain(3)))
    raw[CRC] ^= 1
    with pytest.raises(CorruptRecordException):
        list(unpack(source(bytes(raw), crcs=True), 100))


def test_aiokafkas_compiled_records_are_in_use():
    assert not NO_EXTENSIONS, "the figures of docs/performance.md hold for aiokafka's C extension only"


pieces = st.lists(
    st.tuples(
        st.sampled_from(["plain", "transaction", "abort", "commit"]),
        st.lists(
            st.tuples(st.none() | st.binary(max_size=3), st.none() | st.binary(max_size=3)), min_size=1, max_size=4
        ),
        st.integers(1, 2),
    ),
    max_size=8,
)


@given(pieces, st.integers(1, 5), st.integers(0, 6), st.sampled_from([READ_COMMITTED, READ_UNCOMMITTED]), st.data())
def test_the_columns_hold_what_aiokafka_unpacks(parts, most, start, isolation, data):
    raw, offset, transactions = b"", 0, []
    for kind, pairs, producer in parts:
        records = [(key, value, [("h", b"1")] if key else []) for key, value in pairs]
        if kind in ("abort", "commit"):
            raw += batch(offset, [], producer=producer, control=ABORT if kind == "abort" else COMMIT)
            offset += 1
        else:
            raw += batch(offset, records, producer=producer if kind == "transaction" else -1)
            transactions += [(producer, offset)] * (kind == "transaction")
            offset += len(records)
    aborted = data.draw(st.lists(st.sampled_from(transactions), unique=True)) if transactions else []
    theirs, ours = source(raw, start, aborted, isolation), source(raw, start, aborted, isolation)
    assert rows(unpack(ours, most)) == rows_of_aiokafka(theirs)
    assert ours.next_fetch_offset == theirs.next_fetch_offset
