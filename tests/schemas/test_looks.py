"""Which properties a fact carries for the rules, and as what text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decode import Decoder, DecodeRules
from schemas.looks import NOTHING, Looks, named, properties_of, text_of
from sources.channels import discover

LOOKS = Looks(
    (("", "Order Completed", ("coupon", "gift")), ("app", "", ("plan",)), ("store", "Order Completed", ("till",)))
)


def test_only_what_a_rule_may_fit_is_looked_at() -> None:
    assert LOOKS.of("store", "Order Completed") == ("coupon", "gift", "till")
    assert LOOKS.of("app", "Screen Viewed") == ("plan",)
    assert LOOKS.of("website", "Page Viewed") == ()
    assert NOTHING.of("app", "Screen Viewed") == ()
    assert not NOTHING


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (True, "true"), (False, "false"), (12, "12"), (12.0, "12"), (12.5, "12.5"), (-0.0, "0"), (None, None),
     ([1], None), ({}, None), ("x" * 300, "x" * 256), (2**64, "1.8446744073709552e+19"), (1e300, "1e+300")],
)  # fmt: skip
def test_a_value_is_compared_as_text(value: object, text: str | None) -> None:
    assert text_of(value) == text


@given(st.integers(-(2**70), 2**70))
def test_a_number_is_the_same_text_as_an_integer_and_as_a_double_of_its_size(number: int) -> None:
    if abs(number) < 2**53 or abs(number) >= 2**63:
        assert text_of(number) == text_of(float(number))


def test_what_is_absent_has_no_value() -> None:
    assert named(("a", "b", "c"), {"a": None, "c": "1", "d": "2"}) == (("c", "1"),)


def test_a_fact_carries_what_the_rules_name_as_the_store_gives_it_back() -> None:
    raw = (
        b'{"event_id":"e1","event":"Order Completed","channel":"store","source":"till","original_timestamp":'
        b'"2026-11-18T11:00:00.000Z","identifiers":{"email":"a@x.de"},"properties":{"till":7.0,"gift":true,"revenue":9}}'
    )
    decoder = Decoder(discover(), DecodeRules(node_key=b"k" * 32, partitions=8), LOOKS)
    fact = decoder.decode("touchpoints.store", 0, [raw], [1], [1_795_000_000_000], [None]).facts[0]
    assert fact.named == (("gift", "true"), ("till", "7"))
    assert LOOKS.in_properties("store", "Order Completed", properties_of(raw)) == fact.named
    decoder.look_at(NOTHING)
    assert decoder.decode("touchpoints.store", 0, [raw], [1], [1_795_000_000_000], [None]).facts[0].named == ()
