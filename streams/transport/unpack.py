"""Unpacks what the broker sent straight into lists.

aiokafka makes an object of eleven fields for every record. A chunk needs five of them, as columns, and objects that
are never made cost neither their making nor the garbage collector's visits.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException

from streams.transport.chunk import Columns


def unpack(source: PartitionRecords, most: int) -> Iterator[Columns]:
    """Columns of up to `most` records each. Between two of them `source.next_fetch_offset` says how far they went.

    Stands in for `PartitionRecords._unpack_records`, and does as that does: it skips control batches, aborted
    transactions, and records before the offset asked for.
    """
    columns = Columns()
    for batch in _batches(source):
        offsets, values, timestamps, keys = columns.offsets, columns.values, columns.timestamps, columns.keys
        for record in batch:
            offset = record.offset
            if offset < source.next_fetch_offset:
                continue
            if record.headers:
                columns.headers[len(offsets)] = record.headers
            offsets.append(offset)
            values.append(record.value)
            timestamps.append(record.timestamp)
            keys.append(record.key)
            if len(offsets) == most:
                source.next_fetch_offset = offset + 1
                yield columns
                columns = Columns()
                offsets, values, timestamps, keys = columns.offsets, columns.values, columns.timestamps, columns.keys
        source.next_fetch_offset = batch.next_offset
    if columns.offsets:
        yield columns


def _batches(source: PartitionRecords) -> Iterator[Any]:
    """The batches whose records count. An error drops what was unpacked since the last columns; it is fetched again."""
    while source._records.has_next():
        batch = source._records.next_batch()
        if source._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {source._tp}")
        if _aborted(source, batch) or batch.is_control_batch:
            source.next_fetch_offset = batch.next_offset
        else:
            yield batch


def _aborted(source: PartitionRecords, batch: Any) -> bool:
    """Keeps the account of transactions that were aborted, for a reader of what is committed."""
    if source._isolation_level != READ_COMMITTED or batch.producer_id is None:
        return False
    source._consume_aborted_up_to(batch.base_offset)
    if batch.is_control_batch and source._contains_abort_marker(batch):
        source._aborted_producers.discard(batch.producer_id)
    return bool(batch.is_transactional and batch.producer_id in source._aborted_producers)
