import socket

import pytest

from throughline.cli.worker import serve_metrics
from throughline.errors import ConfigurationError


def test_a_taken_port_of_metrics_is_named_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} .*; choose another `ports.metrics`"):
            serve_metrics("127.0.0.1", port)
