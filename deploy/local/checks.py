"""What this machine needs for the local stack, each thing looked at by itself."""

import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.hold import holder
from deploy.local.jars import JARS, locked, missing
from deploy.local.java import find_java, version_of
from deploy.local.ports import is_free
from deploy.local.stack import HTTP_PORT, KAFKA_PORT, TCP_PORT
from throughline.errors import ConfigurationError
from throughline.options import Settings

PYTHONS = ((3, 11), (3, 13))
ENOUGH_DISK = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` says what to do; it is empty if all is well. A `fatal` one keeps the stack from working."""

    name: str
    detail: str
    remedy: str = ""
    fatal: bool = True


def local_findings(settings: Settings, own_kafka: bool, own_clickhouse: bool) -> Iterator[Finding]:
    """Python and disk, and what the servers that `up` would start need."""
    yield python_version(sys.version_info[:2])
    yield disk_space(settings.home)
    if own_kafka:
        yield java()
        yield jars(settings.cache.expanduser())
    if own_clickhouse:
        yield wheel()
    if not holder(settings.home):
        yield from ports(own_kafka, own_clickhouse)


def python_version(version: tuple[int, int]) -> Finding:
    """The oldest and newest that the dependencies have been tried with."""
    words = f"{version[0]}.{version[1]}"
    oldest, newest = (f"{major}.{minor}" for major, minor in PYTHONS)
    good = PYTHONS[0] <= version <= PYTHONS[1]
    return Finding("python", words, "" if good else f"run Throughline with Python {oldest} to {newest}")


def disk_space(home: Path) -> Finding:
    """Room for logs of Kafka and parts of ClickHouse."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    remedy = "" if free >= ENOUGH_DISK else f"make room: {there} should have {ENOUGH_DISK / 1e9:.0f} GB or more"
    return Finding("disk", f"{free / 1e9:.1f} GB free at {there}", remedy)


def java() -> Finding:
    """For Kafka."""
    try:
        found = find_java()
    except ConfigurationError as error:
        return Finding("java", "none", str(error))
    return Finding("java", f"{version_of(found)} at {found}")


def jars(cache: Path) -> Finding:
    """Kafka's; each is compared with its locked sha256. Missing ones are no fault: `up` fetches them."""
    absent = list(missing(cache / JARS))
    if not absent:
        return Finding("kafka jars", f"{len(locked())} in {cache}, all as locked")
    remedy = "`throughline up` fetches them from Maven Central"
    return Finding("kafka jars", f"{len(absent)} of {len(locked())} missing or damaged in {cache}", remedy, fatal=False)


def wheel() -> Finding:
    """ClickHouse's."""
    try:
        return Finding("chdb-core", f"{importlib.metadata.version('chdb-core')}, the local ClickHouse")
    except importlib.metadata.PackageNotFoundError:
        remedy = "`pip install chdb-core`, or point THROUGHLINE_CLICKHOUSE__HOST at a server of your own"
        return Finding("chdb-core", "not installed", remedy)


def ports(own_kafka: bool, own_clickhouse: bool) -> Iterator[Finding]:
    """The usual ones. A taken one is no fault: `up` takes another."""
    usual = [("kafka", KAFKA_PORT)] * own_kafka
    usual += [("clickhouse", TCP_PORT), ("clickhouse http", HTTP_PORT)] * own_clickhouse
    for server, port in usual:
        if is_free(port):
            yield Finding(f"port {port}", f"free for {server}")
        else:
            yield Finding(f"port {port}", "taken", f"`throughline up` takes another port for {server}", fatal=False)
