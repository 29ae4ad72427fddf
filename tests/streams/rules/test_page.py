"""docs/rules.md names every key that a file may have, and no other."""

import re
from pathlib import Path

from streams.identity.rules import IdentityRules
from streams.rules import keys, parse

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text("utf-8")


def test_the_page_lists_the_keys_of_the_parser() -> None:
    assert set(re.findall(r"^\| `([\w.*]+)` \|", PAGE, re.MULTILINE)) == keys()


def test_the_page_lists_the_types_of_identifiers() -> None:
    listed = re.search(r"Types of identifiers are fixed \(`schemas/identifiers.py`\): (.*)\.", PAGE)
    assert listed and listed[1].split(", ") == [rule.name for rule in IdentityRules().types]


def test_the_example_of_the_page_is_right() -> None:
    example = re.search(r"^    (version = 2\n(?:    .*\n|\n)*)", PAGE, re.MULTILINE)
    assert example and parse(re.sub(r"(?m)^    ", "", example[1])).identity.of("email").limit == 3
