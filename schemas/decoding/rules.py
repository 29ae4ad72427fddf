"""What the decoder is told by the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from throughline.settings import Settings


@dataclass(frozen=True)
class DecodeRules:
    """`caps`: the highest assurance believed, by source (others 1). `trusted`: sources whose `received_at` is believed.

    `earliest_event` in ms; `region` completes phone numbers; `blocked` are further values, in lower case, that name
    nobody; `prefix` stands before every topic.
    """

    node_key: bytes
    partitions: int
    earliest_event: int = 946_684_800_000
    max_record_bytes: int = 256 * 1024
    caps: Mapping[str, int] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()
    region: str = ""
    blocked: frozenset[str] = frozenset()
    prefix: str = ""

    def level(self, assurance: int | None, source: str) -> int:
        """What is believed of what an event says about who it is: 0 to 4."""
        return min(1 if assurance is None else assurance, self.caps.get(source, 1))

    @classmethod
    def of(cls, settings: Settings) -> "DecodeRules":
        """Raises ConfigurationError if the settings hold no key for nodes."""
        return cls(
            node_key=settings.identity.node_key,
            partitions=settings.partitions,
            earliest_event=settings.intake.earliest_ms,
            max_record_bytes=settings.intake.max_record_bytes,
            caps=settings.identity.caps,
            trusted=settings.intake.trusted_sources,
            region=settings.identity.region,
            prefix=settings.topic_prefix,
        )
