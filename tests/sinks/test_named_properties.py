"""What rules name is read from the properties of the stored event, whichever rules came first."""

from schemas.decode import Decoder, DecodeRules
from schemas.looks import Looks
from schemas.store import Store
from sources.channels import discover
from streams.steps.blocks import Records, facts_first

LOOKS = Looks((("", "Order Completed", ("coupon", "gift", "n", "amount")), ("", "Page Viewed", ("nothing",))))
RAW = """{"event_id":"%d","event":"%s","channel":"website","source":"shop","original_timestamp":"2026-11-18T11:00:0%d.000Z",
"identifiers":{"email":"a@x.de"},"properties":%s}"""
PROPERTIES = [
    '{"coupon":"ZEHN \\u00fc \\"x\\" / \\\\","gift":true,"n":1e3,"amount":12.10,"products":[{"price":1}]}',
    '{"coupon":"","gift":false,"n":-0.0,"amount":9007199254740993}',
    '{"coupon":null,"gift":{"a":1},"n":1.5e-7,"amount":"12.10"}',
    "{}",
]


def test_facts_come_back_with_what_later_rules_name(store: Store) -> None:
    raws = [(RAW % (i, "Order Completed", i, text)).encode() for i, text in enumerate(PROPERTIES)]
    raws.append((RAW % (9, "Page Viewed", 9, '{"path":"/"}')).encode())
    decoder = Decoder(discover(), DecodeRules(node_key=b"k" * 32, partitions=8, earliest_event=0))
    records = Records("touchpoints.website", 0, raws, range(5), [1_795_000_000_000] * 5, [None] * 5, 0, 5)
    plain = decoder.decode(*records[:6])
    assert not plain.dead
    for block in facts_first([(records, plain)]):
        store.insert(block)
    decoder.look_at(LOOKS)
    facts = decoder.decode(*records[:6]).facts
    assert facts[0].named == (("amount", "12.1"), ("coupon", 'ZEHN ü "x" / \\'), ("gift", "true"), ("n", "1000"))
    node = facts[0].node
    assert sorted(store.facts_of([node], LOOKS)) == sorted(facts)
    assert sorted(store.facts_since({node: 0}, LOOKS)) == sorted(facts)
    assert sorted(store.facts_of([node])) == sorted(plain.facts)


def test_a_fact_whose_properties_are_not_stored_yet_is_not_there_for_rules_that_name_them(store: Store) -> None:
    decoder = Decoder(discover(), DecodeRules(node_key=b"k" * 32, partitions=8, earliest_event=0), LOOKS)
    raw = (RAW % (0, "Order Completed", 0, '{"gift":true}')).encode()
    records = Records("touchpoints.website", 0, [raw], [0], [1_795_000_000_000], [None], 0, 1)
    decoded = decoder.decode(*records[:6])
    [fact] = decoded.facts
    blocks = facts_first([(records, decoded)])
    for block in (block for block in blocks if block.table.name != "touchpoints"):
        store.insert(block)
    assert store.facts_of([fact.node], LOOKS) == store.facts_since({fact.node: 0}, LOOKS) == []
    assert len(store.facts_of([fact.node])) == 1
    for block in (block for block in blocks if block.table.name == "touchpoints"):
        store.insert(block)
    assert store.facts_of([fact.node], LOOKS) == [fact]
