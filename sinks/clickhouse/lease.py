"""A lease on something that only one process may do at a time: a query under a name, which the server lets run once. It ends
with the connection, so whoever was killed holds nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_driver.errors import Error, ErrorCodes, ServerException

from sinks.clickhouse.server import Connections, Server
from throughline.errors import ThroughlineError

TAKEN = ErrorCodes.QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING
PATIENCE = 5.0  # s; the server notices within a second that a client is gone
_HELD = "SELECT sleepEachRow(0.5) FROM system.numbers SETTINGS max_block_size = 1, max_execution_time = 0"


class Lease:
    """Held by a thread with a connection of its own."""

    def __init__(self, server: Server, name: str) -> None:
        self._connections, self._name = Connections(server), name
        self._held, self._ended = threading.Event(), threading.Event()
        self._refusal: Exception | None = None

    def acquire(self) -> None:
        """Raises ThroughlineError if somebody else holds it."""
        deadline = time.monotonic() + PATIENCE
        while not self._try():
            if time.monotonic() > deadline:
                raise ThroughlineError(
                    f"{self._name} is under way on this server; wait until it has ended"
                ) from self._refusal
            time.sleep(0.2)

    def release(self) -> None:
        self._ended.set()
        self._thread.join()

    def require(self) -> None:
        """Raises ThroughlineError if it was lost, as by a restart of the server: then another may hold it."""
        if not self._thread.is_alive():
            raise ThroughlineError(f"the lease of {self._name} was lost ({self._refusal}); begin again")

    def _try(self) -> bool:
        self._refusal = None
        self._thread = threading.Thread(target=self._hold, name="lease", daemon=True)
        self._thread.start()
        while self._thread.is_alive() and not self._held.wait(0.05):
            pass
        if not self._held.is_set() and not _is_taken(self._refusal):
            raise ThroughlineError(f"no lease of {self._name}: {self._refusal}") from self._refusal
        return self._held.is_set()

    def _hold(self) -> None:
        try:
            with self._connections.borrow() as client:
                for _ in client.execute_iter(_HELD, query_id=self._name, chunk_size=1):
                    self._held.set()
                    if self._ended.is_set():
                        break
                client.disconnect()
        except (Error, OSError, EOFError) as error:
            self._refusal = error


def _is_taken(error: Exception | None) -> bool:
    return isinstance(error, ServerException) and error.code == TAKEN


@contextmanager
def lease(server: Server, name: str) -> Iterator[Lease]:
    held = Lease(server, name)
    held.acquire()
    try:
        yield held
    finally:
        held.release()
