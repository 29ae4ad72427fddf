"""A decoder of one process. All share the real one, which is dear to make; each has its own rules."""

from typing import Any

from schemas.decode import Decoded, Decoder
from schemas.looks import Looks


class Sight:
    """Decodes as a `Decoder` of its own would."""

    def __init__(self, decoder: Decoder, looks: Looks) -> None:
        self._decoder, self._looks = decoder, looks

    def look_at(self, looks: Looks) -> None:
        self._looks = looks

    def decode(self, *records: Any) -> Decoded:
        self._decoder.look_at(self._looks)
        return self._decoder.decode(*records)
