"""What the store promises of claims: once each, in the order of the log, and as a resolver reads them."""

from schemas.ids import Id
from schemas.links import Seen
from schemas.messages import Claim, Member
from schemas.store import Store
from schemas.tables import CLAIMS, Block
from tests.sinks.rows import AT, id

A, B, C = id("a"), id("b"), id("c")


def claim(seq: int, a: Id, b: Id) -> tuple[int, Claim]:
    return seq, Claim("link", Member(a, "email", 1), Member(b, "phone", 2), AT, 3, "web", id("e"), "why")


def put_claims(store: Store, *claims: tuple[int, Claim]) -> None:
    """Both directions, as the resolver writes them."""
    rows = []
    for seq, c in claims:
        rest = c.first_seen, c.level, c.source, c.reason
        for x, y in ((c.a, c.b), (c.b, c.a)):
            rows.append((x.node, y.node, c.kind, c.evidence, seq, x.type, y.type, x.home, y.home, *rest))
    store.insert(Block.of(CLAIMS, rows))


def test_the_last_claim_is_the_one_with_the_greatest_seq(store: Store) -> None:
    assert store.last_claim() == 0
    put_claims(store, claim(7, A, B), claim(3, B, C))
    assert store.last_claim() == 7


def test_claims_are_read_once_each_in_the_order_of_seq(store: Store) -> None:
    one, two, three = claim(1, A, B), claim(2, B, C), claim(3, A, B)
    put_claims(store, three)
    put_claims(store, one, two)
    put_claims(store, one)
    assert list(store.claims_until(2)) == [one, two]
    assert list(store.claims_until(9)) == [one, two, three]
    assert list(store.claims_until(2, after=1)) == [two]
    assert list(store.claims_until(0)) == []


def test_recorded_links_are_joined_to_pairs_and_an_operators_words_stand_beside_them(store: Store) -> None:
    a, b, c = Member(A, "email", 7), Member(B, "phone", 8), Member(C, "email", 9)
    cut = 2, Claim("cut", a, b, 0, 0, "operator", id("cut"), "two people")
    links = [
        (1, a, b, 9, 1, "e1"),
        (3, b, a, 5, 1, "e3"),
        (4, a, b, 7, 3, "e4"),
        (5, c, b, 8, 2, "e5"),
        (6, a, c, 1, 4, "e6"),
    ]
    said = [(seq, Claim("link", x, y, AT + at, level, "s", id(e))) for seq, x, y, at, level, e in links]
    put_claims(store, *said, cut)
    put_claims(store, *said[:2], cut)
    found, words = store.recorded_until(5)
    assert words == (cut,)
    assert [found.member(number) for number in range(len(found))] == [a, b, c]
    assert [found.seen(pair) for pair in range(found.pairs)] == [
        Seen(AT + 5, 3, id("e3"), id("e4")),
        Seen(AT + 8, 2, id("e5"), id("e5")),
    ]
    around = [set(zip(*(part.tolist() for part in found.around(number)), strict=True)) for number in range(3)]
    assert around == [{(0, 1)}, {(0, 0), (1, 2)}, {(1, 1)}]
    assert [found.number(node) for node in (A, B, C, id("d"))] == [0, 1, 2, -1]


def test_an_empty_log_has_no_links(store: Store) -> None:
    found, words = store.recorded_until(9)
    assert (len(found), found.pairs, words) == (0, 0, ())
