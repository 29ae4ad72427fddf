"""Questions are files with a name and one sentence."""

from pathlib import Path

import pytest

import queries
from queries.named import query
from throughline.errors import ConfigurationError

FOLDER = Path(queries.__file__).parent
NAMES = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_a_question_says_in_one_sentence_what_it_asks(name: str) -> None:
    found = query(name)
    assert found.description.endswith(".")
    assert len(found.description) <= 120
    assert found.name == name


def test_a_question_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no query audit/nothing"):
        query("audit/nothing")
