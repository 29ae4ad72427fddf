"""Free ports on the loopback interface.

They are taken below the ephemeral range (32768 and up on Linux): a server that is killed and restarted on its port
must not find it used by somebody's outgoing connection.
"""

import random
import socket

from throughline.errors import Unavailable

LOOPBACK = "127.0.0.1"
_RANGE = range(20_000, 32_000)
_handed_out: set[int] = set()  # a port stays free until its server listens; two servers must not get the same one


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
    if preferred and is_free(preferred, host):
        return preferred
    for port in random.SystemRandom().sample(_RANGE, 200):
        if port not in _handed_out and is_free(port, host):
            _handed_out.add(port)
            return port
    raise Unavailable(f"no free port between {_RANGE.start} and {_RANGE.stop} on {host}; close some servers")
