"""The process of the local ClickHouse: the engine of the `chdb-core` wheel, made to listen. Run as a script.

`python clickhouse_server.py FOLDER`: FOLDER holds config.xml, users.xml and, after the start, data/. SIGTERM ends it
cleanly: the statement that keeps it listening is killed by its own user, and the engine closes its tables.
"""

import importlib.util
import os
import signal
import sys
import threading
import types
import urllib.error
import urllib.request
from pathlib import Path

# One call serves for the whole life of the process: it opens the listeners and then sleeps.
_SERVE = """SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP;
SELECT sleepEachRow(0.2) FROM system.numbers FORMAT Null
SETTINGS max_block_size = 1, max_threads = 1, function_sleep_max_microseconds_per_block = 0, max_execution_time = 0"""


def load_engine() -> types.ModuleType:
    """The extension without its package: `chdb/__init__` boots a second engine that takes the log and the listeners."""
    spec = importlib.util.find_spec("chdb")
    if spec is None or spec.submodule_search_locations is None:
        sys.exit("chdb-core is not installed; `pip install chdb-core`")
    package = types.ModuleType("chdb")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["chdb"] = package
    sys.setdlopenflags(os.RTLD_NOW | getattr(os, "RTLD_DEEPBIND", 0))
    return importlib.import_module("chdb._chdb")


def end_serving(port: str, user: str, password: str) -> None:
    """Kills the statement that serves. The answer may be cut off by the end of the server."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/",
        data=b"KILL QUERY WHERE query LIKE '%function_sleep_max%' AND interface = 'Local' ASYNC",
        headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def main(folder: Path) -> None:
    """Serves until SIGTERM or SIGINT, or until the engine ends by itself (exit 1)."""
    os.chdir(folder)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    engine = load_engine()
    stopped = threading.Event()

    def serve() -> None:
        try:
            engine.query(_SERVE, "TSV", path=str(folder / "data"))
        finally:
            stopped.set()
            os.kill(os.getpid(), signal.SIGUSR1)

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    threading.Thread(target=serve, name="serve").start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT, signal.SIGUSR1})
    if stopped.is_set():
        sys.exit("the engine ended by itself; see clickhouse-server.log")
    end_serving(*Path("service.login").read_text().split("\n")[:3])


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
