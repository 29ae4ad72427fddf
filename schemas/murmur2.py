"""The hash of Kafka's Java client, by which a record with a key finds its partition."""

from collections.abc import Sequence
from struct import unpack_from

import numpy as np
import numpy.typing as npt

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
_FACTOR = np.uint32(_M)  # arrays of uint32 wrap around by themselves


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


def murmur2_all(keys: Sequence[bytes]) -> list[int]:
    """`murmur2` of each key; many keys of equal length cost a tenth of single calls."""
    hashes = [0] * len(keys)
    places: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(len(key), []).append(place)
    for length, equal in places.items():
        for place, hash in zip(equal, _equal_lengths([keys[place] for place in equal], length), strict=True):
            hashes[place] = hash
    return hashes


def _equal_lengths(keys: list[bytes], length: int) -> list[int]:
    if len(keys) < 16:
        return [murmur2(key) for key in keys]
    letters = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), length)
    even = length // 4 * 4
    words = np.ascontiguousarray(letters[:, :even]).view("<u4").astype(np.uint32)
    hash = np.full(len(keys), 0x9747B28C ^ length, np.uint32)
    for column in words.T:
        word = column * _FACTOR
        hash = hash * _FACTOR ^ (word ^ word >> np.uint32(24)) * _FACTOR
    if length > even:
        tail = np.zeros((len(keys), 4), np.uint8)
        tail[:, : length - even] = letters[:, even:]
        hash = (hash ^ tail.view("<u4").astype(np.uint32)[:, 0]) * _FACTOR
    return _finished(hash)


def _finished(hash: npt.NDArray[np.uint32]) -> list[int]:
    hash = (hash ^ hash >> np.uint32(13)) * _FACTOR
    finished: list[int] = (hash ^ hash >> np.uint32(15)).tolist()
    return finished
