"""Event ids of a whole slice: 16 bytes each, as `schemas.ids.event_id_of` gives them one at a time."""

from collections.abc import Sequence

import numpy as np

from schemas.ids import Id, event_id_of

_LENGTH = 36
_HYPHENS = np.array([8, 13, 18, 23])
_DIGITS = np.array([i for i in range(_LENGTH) if i not in (8, 13, 18, 23)])
_WRONG = 255
_VALUE = np.full(256, _WRONG, np.uint8)
_VALUE[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
_VALUE[np.frombuffer(b"ABCDEF", np.uint8)] = np.arange(10, 16)


def event_ids_of(texts: Sequence[str]) -> list[Id]:
    """The ids in order; UUIDs in the usual form cost a tenth of any other text."""
    joined = "".join(texts)
    if len(joined) == _LENGTH * len(texts) and joined.isascii() and set(map(len, texts)) == {_LENGTH}:
        return _uuids(joined.encode(), texts)
    return [event_id_of(text) for text in texts]


def _uuids(joined: bytes, texts: Sequence[str]) -> list[Id]:
    letters = np.frombuffer(joined, np.uint8).reshape(-1, _LENGTH)
    digits = _VALUE[letters[:, _DIGITS]]
    good = (letters[:, _HYPHENS] == ord("-")).all(axis=1) & (digits != _WRONG).all(axis=1)
    big = (digits[:, ::2] << 4 | digits[:, 1::2]).reshape(-1, 2, 8)
    packed = np.ascontiguousarray(big[:, :, ::-1]).tobytes()
    ids = [packed[start : start + 16] for start in range(0, len(packed), 16)]
    for i in np.flatnonzero(~good).tolist():
        ids[i] = event_id_of(texts[i])
    return ids
