"""What a worker refuses before it runs."""

import socket

import pytest

from schemas.messages import Claim, Member
from schemas.tables import CLAIMS, Block
from schemas.topics import create_topics
from sinks.memory import MemoryStore
from sources.channels import discover
from streams.steps.resolver import claim_rows
from throughline.cli.worker import require_one_history, serve_metrics
from throughline.errors import ConfigurationError
from throughline.options import Settings


def test_a_taken_port_of_metrics_is_named_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} .*; choose another `ports.metrics`"):
            serve_metrics("127.0.0.1", port)


def test_a_log_that_is_shorter_than_what_was_recorded_of_it_is_refused(settings: Settings) -> None:
    create_topics(settings, discover())
    store = MemoryStore()
    require_one_history(settings, store)
    claim = Claim("link", Member(b"a" * 16, "email", 1), Member(b"b" * 16, "phone", 2), 1, 1, "shop", b"e" * 16)
    store.insert(Block.of(CLAIMS, claim_rows(7, claim)))
    with pytest.raises(ConfigurationError, match=r"has recorded claim 7, but .*identity.claims in Kafka ends at 0"):
        require_one_history(settings, store)
