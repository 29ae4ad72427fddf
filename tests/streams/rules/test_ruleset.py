"""What a rules file may say, and how a wrong one is refused: every problem at once, each with its line."""

import pytest

from streams.fold.defaults import RULES
from streams.identity.rules import IdentityRules
from streams.rules import LARGEST, default, parse
from throughline.errors import ConfigurationError

DAY = 86_400_000


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        parse(text)
    return str(refusal.value).splitlines()


def test_the_shipped_file_says_what_the_code_holds() -> None:
    assert default().identity == IdentityRules()
    assert default().journeys == RULES


def test_what_a_file_leaves_out_has_the_shipped_value() -> None:
    rules = parse("version = 7\n[identity.types.email]\nlimit = 2\n")
    assert (rules.version, rules.identity.version, rules.journeys.version) == (7, 7, 7)
    email, shipped = rules.identity.of("email"), IdentityRules().of("email")
    assert (email.limit, email.window_ms, email.rank) == (2, shipped.window_ms, shipped.rank)


def test_a_limit_may_be_none_and_a_window_ever() -> None:
    rules = parse('version = 2\n[identity.types]\nphone = {limit = "none"}\nemail = {window = "ever"}\n')
    assert rules.identity.of("phone").limit is None
    assert (rules.identity.of("email").limit, rules.identity.of("email").window_ms) == (5, 0)


def test_the_file_decides_over_the_timeouts_of_the_channels() -> None:
    assert default({"fax": 5 * DAY}).journeys.timeouts["fax"] == 5 * DAY


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("[identity]\nquarantine_at = 1", "line 3: identity.quarantine_at: 1 is less than 2"),
        ("[identity]\nquarantine_at = true", "line 3: identity.quarantine_at: it must be a whole number, not true"),
        ('[identity]\ntrusted_level = "3"', 'line 3: identity.trusted_level: it must be a whole number, not "3"'),
        ("[identity]\ntrusted_levle = 3", "line 3: identity.trusted_levle: it is not known; did you mean `trusted_level`?"),
        ("\n# so\n[identty]", "line 4: identty: it is not known; did you mean `identity`?"),
        ("identity = 3", "line 2: identity: it must be a table, [identity], not 3"),
        ("[identity.types.e_mail]", "line 2: identity.types.e_mail: it is not known; did you mean `email`?"),
        ("[identity.types]\nemail = 5", "line 3: identity.types.email: it must be a table, not 5"),
        ("[identity.types.email]\n\nlimit = -3", "line 4: identity.types.email.limit: -3 is less than 1"),
        ("[identity.types.email]\nlimit = 2.5", "line 3: identity.types.email.limit: it must be a whole number, not 2.5"),
        (
            '[identity.types.email]\nlimit = "no"',
            'line 3: identity.types.email.limit: it must be a whole number or "none", not "no"',
        ),
        (
            '[identity.types.email]\nwindow = "365 days"',
            'line 3: identity.types.email.window: "365 days" is no duration: write a number and ms, s, min, h or d, '
            'such as "30 min"',
        ),
        ('[identity.types.email]\nwindow = "0 d"', 'line 3: identity.types.email.window: "0 d" is too short'),
        (
            '[identity.types.email]\nwindow = "9999999 d"',
            'line 3: identity.types.email.window: "9999999 d" is no duration: it is longer than 100 years',
        ),
        ("[identity.types.email]\nrank = 4", "line 3: identity.types.email.rank: 4 is the rank of phone already"),
        (
            '[identity.types.email]\nlimit = "none"\nwindow = "1 d"',
            "line 4: identity.types.email.window: without a limit it has no effect; give a `limit` or remove it",
        ),
        (
            '[identity.types.email]\nclass = "human"',
            'line 3: identity.types.email.class: "human" is not known; known here: device, person, transaction',
        ),
        ("[identity.types.email]\nunique = 1", "line 3: identity.types.email.unique: it must be true or false, not 1"),
        (
            "[identity.types.order_id]\nlimit = 1",
            "line 3: identity.types.order_id.limit: a transaction never joins customers, so this has no effect; remove it",
        ),
        (
            '[identity.types.order_id]\nclass = "person"',
            "line 3: identity.types.order_id.class: order_id stays a transaction: what it stood with on an event is not "
            "recorded as a claim",
        ),
        ("[identity", "line 2: this is not TOML: expected ']' at the end of a table declaration"),
        ("[identity]\n[identity]", 'line 3: this is not TOML: cannot declare (\'identity\',) twice'),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_line_and_reason(body: str, line: str) -> None:
    assert refused(f"version = 2\n{body}\n") == [line]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: the version is missing; write `version = 2` at the top, and a higher number with every change"),
        ("version = 0", "line 1: version: 0 is less than 1"),
        ("version = 2147483648", "line 1: version: 2147483648 is more than 2147483647"),
        ("version = '2'", 'line 1: version: it must be a whole number, not "2"'),
        ("#" * (LARGEST + 1), "line 1: the file has more than 256 KiB; rules of that size are a mistake"),
    ],
)
def test_a_file_needs_a_version_and_a_sensible_size(text: str, reason: str) -> None:
    assert refused(text) == [reason]


def test_all_problems_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = 'version = "x"\n[identity.types.phone]\nrank = 0\nlimt = 3\n[identity]\nquarantine_at = -1\n[else]\n'
    assert [reason.split(":")[0] for reason in refused(text)] == ["line 1", "line 3", "line 4", "line 6", "line 7"]
