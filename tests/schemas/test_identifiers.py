import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2

from schemas.identifiers import TRANSACTIONS, TYPES, home_of, key_of, normalise, ranked, strongest
from schemas.murmur2 import murmur2, murmur2_all


@pytest.mark.parametrize(
    ("type", "value", "expected"),
    [
        ("user_id", " 4711 ", "4711"),
        ("user_id", "Ada", "Ada"),
        ("loyalty_id", " ab-1 ", "AB-1"),
        ("email", " Ada.L+x@Example.ORG ", "ada.l+x@example.org"),
        ("email", "u\u0308@x.de", "\u00fc@x.de"),
        ("email", "no address", None),
        ("phone", "0171 1234567", "+491711234567"),
        ("phone", "+44 20 7946 0958", "+442079460958"),
        ("phone", "+49 1", None),
        ("phone", "call me", None),
        ("social_id", "Mastodon: 42", "mastodon:42"),
        ("social_id", "42", None),
        ("device_id", " Q ", " Q "),
        ("anonymous_id", "aB", "aB"),
        ("order_id", " O-1 ", "O-1"),
    ],
)
def test_spellings_of_one_identifier_are_equal(type: str, value: str, expected: str | None) -> None:
    assert normalise(type, value, "DE") == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "0",
        "000-00",
        "NULL",
        "None",
        "NaN",
        "undefined",
        "true",
        "anonymous",
        "-1",
        "[object Object]",
        "x" * 1025,
    ],
)
@pytest.mark.parametrize("type", ["user_id", "anonymous_id"])
def test_values_that_name_nobody_are_blocked(type: str, value: str) -> None:
    assert normalise(type, value) is None


def test_a_phone_number_without_country_needs_a_region() -> None:
    assert normalise("phone", "0171 1234567") is None


def test_the_settings_can_block_more() -> None:
    assert normalise("loyalty_id", "TEST-CARD", blocked=frozenset({"test-card"})) is None


def test_the_strongest_identifier_comes_first_and_transactions_last() -> None:
    given = {"order_id": "o", "anonymous_id": "a", "ticket_id": "t", "email": "a@b", "user_id": "guest", "crm_id": None}
    assert ranked(given) == [("email", "a@b"), ("anonymous_id", "a"), ("ticket_id", "t"), ("order_id", "o")]
    assert strongest(given) == ("email", "a@b")
    assert strongest({"user_id": "null"}) is None


def test_types_are_listed_in_the_order_of_strength() -> None:
    ranks = [type.rank for type in TYPES.values()]
    assert ranks == sorted(ranks)
    assert TRANSACTIONS == ("ticket_id", "call_id", "chat_id", "order_id")


@pytest.mark.parametrize("length", range(14))
def test_murmur2_is_that_of_kafka(length: int) -> None:
    data = bytes(range(250, 250 - length, -1))
    assert murmur2(data) == kafka_murmur2(data)


@given(
    st.lists(st.binary(max_size=9), max_size=20), st.lists(st.binary(min_size=6, max_size=7), min_size=40, max_size=60)
)
def test_many_hashes_are_those_of_each(few: list[bytes], many: list[bytes]) -> None:
    assert murmur2_all(few + many) == [murmur2(key) for key in few + many]


def test_the_home_is_the_partition_hash_of_the_key() -> None:
    assert home_of(key_of("email", "ü@x.de")) == kafka_murmur2("email:ü@x.de".encode()) & 0x7FFFFFFF
