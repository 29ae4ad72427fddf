"""The hash of Kafka's Java client, by which a record with a key finds its partition."""

from struct import unpack_from

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32 bits, unsigned; equal to `org.apache.kafka.common.utils.Utils.murmur2` (there signed)."""
    length = len(data)
    words, rest = divmod(length, 4)
    hash = 0x9747B28C ^ length
    for word in unpack_from(f"<{words}I", data):
        word = word * _M & _MASK
        hash = hash * _M & _MASK ^ (word ^ word >> 24) * _M & _MASK
    if rest:
        hash = (hash ^ int.from_bytes(data[-rest:], "little")) * _M & _MASK
    hash = (hash ^ hash >> 13) * _M & _MASK
    return hash ^ hash >> 15
