"""Connections to one ClickHouse server: pooled, retried while the reason is a passing one, errors in our words."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, LifoQueue
from typing import Any, TypeVar

import stamina
from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ErrorCodes, NetworkError, ServerException, SocketTimeoutError

from throughline.errors import ConfigurationError, ThroughlineError, Unavailable

T = TypeVar("T")

FENCED = 469
_PASSING = {
    ErrorCodes.TIMEOUT_EXCEEDED,
    ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES,
    ErrorCodes.NO_FREE_CONNECTION,
    ErrorCodes.SOCKET_TIMEOUT,
    ErrorCodes.NETWORK_ERROR,
    ErrorCodes.QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
    ErrorCodes.ABORTED,
    ErrorCodes.MEMORY_LIMIT_EXCEEDED,
    ErrorCodes.TABLE_IS_READ_ONLY,
    ErrorCodes.TOO_MANY_PARTS,
    ErrorCodes.UNKNOWN_STATUS_OF_INSERT,
    ErrorCodes.QUERY_WAS_CANCELLED,
    ErrorCodes.ALL_CONNECTION_TRIES_FAILED,
    ErrorCodes.KEEPER_EXCEPTION,
}
_NOT_MIGRATED = {ErrorCodes.UNKNOWN_DATABASE, ErrorCodes.UNKNOWN_TABLE, ErrorCodes.NO_SUCH_COLUMN_IN_TABLE}
_ACCESS_DENIED, _AUTHENTICATION_FAILED = 497, 516  # not in the driver's list
_REFUSED = {ErrorCodes.WRONG_PASSWORD, ErrorCodes.UNKNOWN_USER, _ACCESS_DENIED, _AUTHENTICATION_FAILED}


_SETTINGS = {"strings_as_bytes": True, "async_insert": 0, "deduplicate_blocks_in_dependent_materialized_views": 1}


@dataclass(frozen=True)
class Server:
    """Where ClickHouse is and who asks. `patience`: seconds for all retries; `timeout`: seconds for an answer.

    `cluster`: name of a cluster, for replicated engines and ON CLUSTER. `options` go to `clickhouse_driver.Client`:
    secure, ca_certs, compression and the like."""

    host: str = "127.0.0.1"
    port: int = 9000
    user: str = "default"
    password: str = field(default="", repr=False)
    store: str = "throughline_store"
    views: str = "throughline"
    cluster: str = ""
    patience: float = 30.0
    timeout: float = 60.0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"ClickHouse at {self.host}:{self.port} as {self.user}"


class Connections:
    """Thread-safe. As many connections as calls at one time, kept for the next call."""

    def __init__(self, server: Server, database: str = "", settings: Mapping[str, Any] | None = None) -> None:
        self.server = server
        self._database = database or server.store
        self._settings = {**_SETTINGS, **(settings or {})}
        self._idle: LifoQueue[Client] = LifoQueue()

    def run(self, call: Callable[[Client, int], T]) -> T:
        """`call(client, number of the attempt)`, again while the error is a passing one.

        Raises `Unavailable` after `patience`, `ConfigurationError` for what only a person can mend; code 469 and bugs
        pass through as `ServerException`."""
        for attempt in self._attempts():
            with attempt, self._translated(), self.borrow() as client:
                return call(client, attempt.num)
        raise AssertionError("the last attempt returns or raises")

    def _attempts(self) -> Iterator[stamina.Attempt]:
        waits = {"wait_initial": 0.05, "wait_max": 2.0, "wait_jitter": 0.2}
        return iter(stamina.retry_context(on=Unavailable, attempts=None, timeout=self.server.patience, **waits))

    def ask(self, query: str, parameters: Any = None, external: Any = None, **settings: Any) -> list[tuple[Any, ...]]:
        """The columns of an answer; text is bytes. An answer without rows has no columns."""
        answer = self.run(
            lambda client, _: client.execute(
                query, parameters, columnar=True, external_tables=external, settings=settings or None
            )
        )
        return list(answer)

    def stream(self, query: str, parameters: Any = None) -> Iterator[list[Any]]:
        """A large answer in pieces, each a list of columns. Not retried: raises what `run` raises; then begin again."""
        with self._translated(), self.borrow() as client:
            for rows in client.execute_iter(query, parameters, chunk_size=20_000):
                yield list(zip(*rows, strict=True))

    @contextmanager
    def borrow(self) -> Iterator[Client]:
        """A connection for one call. If that fails it is thrown away, and all idle ones too if the network fails."""
        try:
            client = self._idle.get_nowait()
        except Empty:
            client = self._connect()
        try:
            yield client
        except BaseException as error:
            client.disconnect()
            if not isinstance(error, ServerException):
                self.close()
            raise
        self._idle.put(client)

    def close(self) -> None:
        """Ends the idle connections; later calls open new ones."""
        while True:
            try:
                self._idle.get_nowait().disconnect()
            except Empty:
                return

    def _connect(self) -> Client:
        server = self.server
        return Client(
            server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            database=self._database,
            client_name="throughline",
            connect_timeout=5,
            send_receive_timeout=server.timeout,
            settings=self._settings,
            **server.options,
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (Error, OSError, EOFError) as error:
            ours = self._in_our_words(error)
            if ours is None:
                raise
            raise ours from error

    def _in_our_words(self, error: Exception) -> ThroughlineError | None:
        """None for what is a bug, or for the caller to judge."""
        if not isinstance(error, ServerException):
            return no_answer(self.server, error) if is_passing(error) else None
        said = first_line(error)
        if error.code in _NOT_MIGRATED:
            return ConfigurationError(f"{self.server} lacks a table: {said}; run `throughline migrate`")
        if error.code in _REFUSED:
            return ConfigurationError(f"{self.server} refuses: {said}; check the user's password and grants")
        if is_passing(error):
            return Unavailable(f"{self.server} refuses for now: {said}")
        return None


def is_passing(error: Exception) -> bool:
    """Whether the same bytes, sent again, may be taken."""
    if isinstance(error, ServerException):
        return error.code in _PASSING
    return isinstance(error, NetworkError | SocketTimeoutError | OSError | EOFError)


def no_answer(server: Server, error: Exception) -> Unavailable:
    return Unavailable(
        f"{server} does not answer ({error}); start it with `throughline up`, or correct `clickhouse.host` and `port`"
    )


def first_line(error: ServerException) -> str:
    """What the server said, without its stack trace."""
    said = error.message.split("Stack trace:")[0].removeprefix("DB::Exception:").strip()
    return re.sub(r"\s+", " ", said).rstrip(". ")
