"""Kafka's jars: a locked list of Maven coordinates with sha256, fetched once into a folder that all stacks share."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from throughline.errors import Unavailable

JARS = "kafka-jars"
LOCK = Path(__file__).parents[1] / "kafka" / "jars.lock"


@dataclass(frozen=True, slots=True)
class Jar:
    """One artifact: where Maven has it, and what its bytes must be."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def is_good(self, path: Path) -> bool:
        """True if the file is there and has the locked content."""
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def locked(lock: Path = LOCK) -> list[Jar]:
    """The list, in the order of the lock file."""
    lines = (line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    pairs = ((coordinates.split(":"), sha256) for coordinates, sha256 in lines)
    return [Jar(group, artifact, version, sha256) for (group, artifact, version), sha256 in pairs]


def missing(folder: Path) -> Iterator[Jar]:
    """Those that are absent from the folder or damaged."""
    return (jar for jar in locked() if not jar.is_good(folder / jar.filename))


def fetch(cache: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """The folder with all jars, fetching those that are not there. `progress(done, total)` counts jars.

    Safe to be called by several processes at once: a jar appears whole or not at all.
    """
    folder = cache / JARS
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list(missing(folder))
    with ThreadPoolExecutor(8) as pool:
        for done, _ in enumerate(pool.map(lambda jar: _fetch_one(jar, folder), wanted), start=1):
            progress(done, len(wanted))
    return folder


def classpath(folder: Path) -> str:
    """Exactly the locked jars, whatever else lies in the folder."""
    return os.pathsep.join(str(folder / jar.filename) for jar in locked())


def _fetch_one(jar: Jar, folder: Path) -> None:
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        context = MavenContext(repo_cache=Path(scratch), local_repos=[], timeout=60)
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            path = component.artifact().resolve()
        except Exception as error:
            raise Unavailable(f"{jar.filename} cannot be fetched from Maven Central: {error}; try again") from error
        if not jar.is_good(path):
            raise Unavailable(f"{jar.filename} from Maven Central has not the sha256 of {LOCK.name}; nothing was kept")
        path.replace(folder / jar.filename)
