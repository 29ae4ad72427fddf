"""Who owns an inbox partition: the epoch that no row of `stitched` and `friction` may fall below."""

import re
import time
from uuid import uuid4

from sinks.clickhouse.server import Connections
from throughline.errors import Unavailable

_OWNED = re.compile(r"(\d+):(\d+)")
_REGISTERING = "throughline-epoch"


class Fence:
    """The table `owners` of one server."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._owners = f"{connections.server.store}.owners"
        self._seen: dict[int, int] = {}

    def register(self, partition: int) -> int:
        """Writes a greater epoch with a token of our own and believes it only when, with no other registration of the
        partition under way, the token read back is ours: two who register at once never hold one epoch."""
        deadline = time.monotonic() + self._connections.server.patience
        while time.monotonic() < deadline:
            token = str(uuid4())
            self._write(partition, token)
            self._wait_for_others(partition, deadline)
            epoch, owner = self.owner(partition)
            if owner == token and epoch > self._seen.get(partition, 0):
                self._seen[partition] = epoch
                return epoch
        raise Unavailable(f"others register inbox partition {partition} all the time; is a worker name used twice?")

    def owner(self, partition: int) -> tuple[int, str]:
        """(epoch, token of its registration); 0 if the partition was never owned."""
        got = f"joinGet('{self._owners}', '{{}}', toUInt16(%(partition)s))"
        epoch, token = self._connections.ask(
            f"SELECT {got.format('epoch')}, toString({got.format('owner')})", {"partition": partition}
        )
        return int(epoch[0]), token[0].decode()

    def lost(self, fence: tuple[tuple[int, int], ...]) -> list[int]:
        """The partitions of a refused insert that have a newer owner."""
        return [partition for partition, epoch in fence if self.owner(partition)[0] > epoch]

    def inserts_of_older_epochs(self, partition: int, epoch: int) -> list[str]:
        """The query ids of running inserts `journeys:<partition>:<epoch>,...` of former owners."""
        columns = self._connections.ask("SELECT query_id FROM system.processes WHERE startsWith(query_id, 'journeys:')")
        ids = [query_id.decode() for query_id in columns[0]] if columns else []
        return [query_id for query_id in ids if _is_older(query_id, partition, epoch)]

    def kill(self, query_ids: list[str]) -> None:
        if query_ids:
            self._connections.ask("KILL QUERY WHERE query_id IN %(ids)s SYNC FORMAT Null", {"ids": query_ids})

    def _write(self, partition: int, token: str) -> None:
        last = f"joinGet('{self._owners}', 'epoch', toUInt16(%(partition)s))"
        epoch = f"greatest(toUInt64(toUnixTimestamp64Milli(now64(3))), {last} + 1, toUInt64(%(seen)s) + 1)"
        self._connections.run(
            lambda client, _: client.execute(
                f"INSERT INTO {self._owners} SELECT %(partition)s, {epoch}, toUUID(%(token)s)",
                {"partition": partition, "seen": self._seen.get(partition, 0), "token": token},
                query_id=f"{_REGISTERING}:{partition}:{uuid4().hex}",
            )
        )

    def _wait_for_others(self, partition: int, deadline: float) -> None:
        """A registration that began before ours may still land after it, with a lower epoch."""
        query = "SELECT count() FROM system.processes WHERE startsWith(query_id, %(prefix)s)"
        while self._connections.ask(query, {"prefix": f"{_REGISTERING}:{partition}:"})[0][0]:
            if time.monotonic() > deadline:
                raise Unavailable(f"a registration of inbox partition {partition} does not end; see system.processes")
            time.sleep(0.01)


def _is_older(query_id: str, partition: int, epoch: int) -> bool:
    return any(int(p) == partition and int(e) < epoch for p, e in _OWNED.findall(query_id))
