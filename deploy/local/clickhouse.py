"""A real ClickHouse server from the `chdb-core` wheel, in a process of its own, with one user per component."""

import json
import secrets
import sys
import urllib.request
from pathlib import Path
from string import Template

from deploy.local import clickhouse_server
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import Process, Running
from deploy.local.users import USERS, users_xml

STORE_DATABASE, VIEWS_DATABASE = "throughline_store", "throughline"


class ClickHouse:
    """A server in a folder; stopped and started again there, it has its data, its ports and its passwords.

    The users are those of `deploy.local.users`. `durable` makes inserts and merges reach the disk before they are
    acknowledged (power loss); without it an acknowledged insert survives kill -9, not a power cut.
    Migrations create the two databases; a name that ends with `*` grants the rights on all that begin so.
    """

    def __init__(
        self,
        folder: Path,
        tcp_port: int = 0,
        http_port: int = 0,
        *,
        durable: bool = False,
        databases: tuple[str, str] = (STORE_DATABASE, VIEWS_DATABASE),
    ) -> None:
        self.folder = folder.absolute()
        self.durable = durable
        self.databases = databases
        self.tcp_port = free_port(tcp_port)
        self.http_port = free_port(http_port)
        self.host = LOOPBACK
        self.users = self._passwords()
        self._running: Running | None = None

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running else None

    def prepare(self) -> Process:
        """Writes the configuration; gives the process to start."""
        template = Template(Path(__file__).with_name("clickhouse.xml").read_text())
        ports = {"tcp_port": self.tcp_port, "http_port": self.http_port}
        _write(self.folder / "config.xml", template.substitute(ports, fsync=int(self.durable)))
        _write(self.folder / "users.xml", users_xml(self.users, *self.databases))
        _write(self.folder / "service.login", f"{self.http_port}\nservice\n{self.users['service']}\n")
        return Process(
            name="clickhouse",
            # -P: this folder has modules named like those of the standard library and of the clients
            command=[sys.executable, "-P", clickhouse_server.__file__, str(self.folder)],
            folder=self.folder,
            log=self.folder / "clickhouse.log",
            ready=self.answers,
        )

    def start(self) -> "ClickHouse":
        """Starts it and returns when it answers queries."""
        self._running = Running(self.prepare())
        self._running.wait_until_ready()
        return self

    def stop(self) -> None:
        """Clean stop; does nothing if it does not run."""
        if self._running:
            self._running.stop()
        self._running = None

    def kill(self) -> None:
        """kill -9. `start` brings it back on the same ports with the same data."""
        if self._running:
            self._running.kill()
        self._running = None

    def answers(self) -> bool:
        """True if it answers over HTTP, which listens last."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.http_port}/ping", timeout=1) as answer:
                return bool(answer.read() == b"Ok.\n")
        except OSError:
            return False

    def _passwords(self) -> dict[str, str]:
        kept = self.folder / "users.json"
        known = json.loads(kept.read_text()) if kept.exists() else {}
        passwords = {user.name: known.get(user.name) or secrets.token_urlsafe(18) for user in USERS}
        _write(kept, json.dumps(passwords, indent=2))
        return passwords


def _write(path: Path, text: str) -> None:
    """For the owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
