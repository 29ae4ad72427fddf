"""Event ids that sort by time (UUID version 7, RFC 9562): those of one batch lie together wherever they are stored."""

import secrets
from uuid import UUID


def uuid7(now: int) -> UUID:
    """A new id; `now` in ms UTC becomes its first 48 bits, the other 74 are random."""
    random = secrets.randbits(74)
    return UUID(int=now << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1)
