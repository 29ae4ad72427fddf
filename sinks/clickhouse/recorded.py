"""The claims log as a resolver reads it at its start: the server packs the links into a few long texts, which cost Python
nothing a row; what operators said is little, and read as rows."""

import numpy as np

from schemas.links import LINK, Links, Recorded
from schemas.messages import Claim
from schemas.tables import CLAIMS
from sinks.clickhouse.columns import decoded, selected
from sinks.clickhouse.lookups import claim_of
from sinks.clickhouse.server import Connections

_ROWS = 65_536  # in one text
_PACKED = "concat({})".format(
    ", ".join(
        f"reinterpretAsFixedString({column})"
        for column in (
            "a", "b", "evidence", "toUnixTimestamp64Milli(first_seen)", "a_home", "b_home",
            "toUInt16(indexOf(%(types)s, a_type) - 1)", "toUInt16(indexOf(%(types)s, b_type) - 1)", "level",
        )  # in the order of LINK
    )
)  # fmt: skip
_LINKS = f"""SELECT arrayStringConcat(groupArray(link)) FROM
    (SELECT {_PACKED} AS link, intDiv(rowNumberInAllBlocks(), {_ROWS}) AS part FROM claims
     WHERE kind = 'link' AND seq <= %(seq)s AND reinterpretAsFixedString(a) < reinterpretAsFixedString(b))
    GROUP BY part"""


def recorded_until(connections: Connections, seq: int) -> Recorded:
    """Every claim with a seq up to this one; a claim that was recorded twice counts once."""
    types = [type for (type,) in zip(*connections.ask("SELECT DISTINCT a_type FROM claims"), strict=True)]
    names = [type.decode() for type in types]
    texts = connections.ask(_LINKS, {"seq": seq, "types": names or [""]})
    packed = b"".join(texts[0]) if texts else b""
    return Recorded(Links(tuple(names), np.frombuffer(packed, LINK)), _words(connections, seq))


def _words(connections: Connections, seq: int) -> tuple[tuple[int, Claim], ...]:
    query = f"SELECT {selected(CLAIMS.columns)} FROM claims WHERE kind != 'link' AND seq <= %(seq)s"
    rows = zip(*decoded(CLAIMS.columns, connections.ask(query, {"seq": seq})), strict=True)
    words = {row[4]: claim_of(row) for row in sorted(rows, reverse=True)}
    return tuple(sorted(words.items()))
