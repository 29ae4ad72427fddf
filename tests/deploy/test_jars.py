from pathlib import Path

import pytest

from deploy.local import jars
from throughline.errors import Unavailable

CACHE = Path("~/.cache/throughline").expanduser()


def test_the_lock_names_every_jar_with_its_sha256() -> None:
    locked = jars.locked()
    assert len(locked) == 45
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert {jar.version for jar in locked if jar.artifact.startswith("kafka")} == {"4.4.0"}


def test_the_lock_has_the_jackson_that_kafka_wants() -> None:
    versions = {jar.version for jar in jars.locked() if jar.artifact == "jackson-databind"}
    assert versions == {"2.21.7"}


def test_a_damaged_jar_counts_as_missing(tmp_path: Path) -> None:
    jar = jars.locked()[0]
    (tmp_path / jar.filename).write_bytes(b"not a jar")
    assert jar in list(jars.missing(tmp_path))


def test_a_second_fetch_fetches_nothing() -> None:
    jars.fetch(CACHE)
    seen: list[tuple[int, int]] = []
    jars.fetch(CACHE, lambda done, total: seen.append((done, total)))
    assert seen == []


def test_a_damaged_jar_is_fetched_again(tmp_path: Path) -> None:
    good = jars.fetch(CACHE)
    folder = tmp_path / "kafka-jars"
    folder.mkdir()
    smallest, *others = sorted(jars.locked(), key=lambda jar: (good / jar.filename).stat().st_size)
    for jar in others:
        (folder / jar.filename).hardlink_to(good / jar.filename)
    (folder / smallest.filename).write_bytes(b"half")
    assert jars.fetch(tmp_path) == folder
    assert not list(jars.missing(folder))


def test_content_that_differs_from_the_lock_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smallest = next(jar for jar in jars.locked() if jar.artifact == "log4j-slf4j-impl")
    forged = jars.Jar(smallest.group, smallest.artifact, smallest.version, "0" * 64)
    monkeypatch.setattr(jars, "locked", lambda: [forged])
    with pytest.raises(Unavailable, match="sha256"):
        jars.fetch(tmp_path)
    assert [path.name for path in (tmp_path / "kafka-jars").iterdir()] == []
