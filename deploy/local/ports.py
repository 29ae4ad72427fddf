"""Free ports on the loopback interface.

They are taken below the ephemeral range (32768 and up on Linux): a server that is killed and restarted on its port
must not find it used by somebody's outgoing connection, nor by the servers of another stack that starts meanwhile. So a
port that was handed out stays claimed until this process ends, by a name in Linux' abstract socket namespace.
"""

import random
import socket

from throughline.errors import Unavailable

LOOPBACK = "127.0.0.1"
_RANGE = range(20_000, 32_000)
_claims: dict[int, int] = {}  # file descriptors, kept open


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """True if a server could listen on it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def is_open(port: int, host: str = LOOPBACK, timeout: float = 0.5) -> bool:
    """True if somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(timeout)
        return probe.connect_ex((host, port)) == 0


def free_port(preferred: int = 0, host: str = LOOPBACK) -> int:
    """`preferred` if it is free, else a random free one."""
    if preferred and take(preferred, host):
        return preferred
    for port in random.SystemRandom().sample(_RANGE, 200):
        if port not in _claims and take(port, host):
            return port
    raise Unavailable(f"no free port between {_RANGE.start} and {_RANGE.stop} on {host}; close some servers")


def take(port: int, host: str = LOOPBACK) -> bool:
    """Claims a port if it is free; again and again in one process."""
    return is_free(port, host) and (port in _claims or _claim(port))


def _claim(port: int) -> bool:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0throughline-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims[port] = claim.detach()
    return True
