"""Questions in SQL, one file each: its first line is a comment that says in one sentence what is asked.

`${store}`, `${views}` and `${fact_hash}` are filled in by us; `%(name)s` are parameters that the driver quotes.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from sinks.clickhouse.server import Connections
from throughline.errors import ConfigurationError

# As `streams.steps.blocks.fact_hashes` computes it; a test holds the two to each other.
_FACT_HASH = """bitXor(bitXor(
    reinterpretAsUInt64(substring(reinterpretAsFixedString(node), 1, 8)),
    toUInt64(toUnixTimestamp64Milli(original_timestamp)) * 11400714819323198485), bitXor(
    reinterpretAsUInt64(substring(reinterpretAsFixedString(event_id), 1, 8)) * 14029467366897019727,
    reinterpretAsUInt64(substring(reinterpretAsFixedString(event_id), 9, 8))))"""


@dataclass(frozen=True)
class Query:
    """A question with a name."""

    name: str
    description: str
    text: str

    def ask(self, client: Connections, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of the answer; text is bytes, as `Connections.ask` gives it."""
        names = {"store": client.server.store, "views": client.server.views, "fact_hash": _FACT_HASH}
        columns = client.ask(Template(self.text).substitute(names), parameters)
        return list(zip(*columns, strict=True))


@cache
def query(path: str) -> Query:
    """`query("audit/recorded_offsets")` is the file `queries/audit/recorded_offsets.sql`."""
    file = files("queries").joinpath(f"{path}.sql")
    if not file.is_file():
        raise ConfigurationError(f"there is no query {path}; the queries are the .sql files in {files('queries')}")
    first, _, text = file.read_text().partition("\n")
    if not first.startswith("-- "):
        raise ConfigurationError(f"{file} must begin with `-- ` and one sentence that says what it asks")
    return Query(path, first.removeprefix("-- "), text)
