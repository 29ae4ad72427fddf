"""The line of a key, in every way in which TOML lets one write it."""

import tomllib

from streams.rules.where import Where, dotted

TEXT = '''\
a = 1
b.c = """
x = 2
"""
[t]
list = [
  "one",
  { k = 1 },
]
"quoted key" = 3

[[row]]
x = 1
[[row]]
x = 2
[row.sub]
y = 3
[[row.more]]
z = 1
[[row.more]]
z = 2
[t.below]
"a.b" = 4
'''


def test_every_way_of_writing_a_key_has_its_line() -> None:
    where = Where(TEXT)
    tomllib.loads(TEXT)
    lines = {
        ("a",): 1, ("b",): 2, ("b", "c"): 2, ("t",): 5, ("t", "list"): 6, ("t", "list", 1, "k"): 6, ("t", "quoted key"): 10,
        ("row",): 12, ("row", 0): 12, ("row", 0, "x"): 13, ("row", 1): 14, ("row", 1, "x"): 15, ("row", 1, "sub"): 16,
        ("row", 1, "sub", "y"): 17, ("row", 1, "more", 0, "z"): 19, ("row", 1, "more", 1, "z"): 21,
        ("t", "below"): 22, ("t", "below", "a.b"): 23,
    }  # fmt: skip
    assert {path: where.line(path) for path in lines} == lines


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    assert Where(TEXT).line(("row", 1, "sub", "nothing", "below")) == 16
    assert Where(TEXT).line(("nothing",)) == 1


def test_a_path_is_written_as_a_person_would() -> None:
    assert dotted(("journeys", "types", 0, "a key", "goals")) == 'journeys.types[1]."a key".goals'
