import socket
import subprocess
import sys
from pathlib import Path

from deploy.local.ports import LOOPBACK, free_port, is_free, is_open

ROOT = Path(__file__).parents[2]


def test_the_preferred_port_is_taken_when_free() -> None:
    port = free_port()
    assert free_port(port) == port


def test_another_port_is_found_when_the_preferred_one_is_taken() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        taken = server.getsockname()[1]
        assert is_open(taken)
        assert not is_free(taken)
        assert free_port(taken) != taken


def test_found_ports_lie_below_the_ephemeral_range() -> None:
    assert all(free_port() < 32_768 for _ in range(20))


def test_no_port_is_given_twice() -> None:
    found = [free_port() for _ in range(100)]
    assert len(set(found)) == 100


def test_a_port_stays_claimed_while_its_server_is_restarted() -> None:
    port = free_port()
    code = f"from deploy.local.ports import free_port; print(free_port({port}))"
    other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert is_free(port)
    assert int(other.stdout) != port
