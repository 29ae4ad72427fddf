"""A small world of claims, so that examples collide: few identifiers, few moments, low limits."""

from hypothesis import strategies as st

from schemas.messages import Claim, Member
from streams.identity.rules import DEVICE, PERSON, TRANSACTION, IdentityRules, TypeRule

RULES = IdentityRules(
    types=(
        TypeRule("user_id", 1, PERSON, 1, unique=True, known=True),
        TypeRule("loyalty_id", 2, PERSON, 2, known=True),
        TypeRule("email", 3, PERSON, 2, window_ms=3),
        TypeRule("crm_id", 5, PERSON, 1),
        TypeRule("support_id", 5, PERSON),
        TypeRule("device_id", 7, DEVICE),
        TypeRule("anonymous_id", 8, DEVICE, 2, window_ms=2),
        TypeRule("order_id", 20, TRANSACTION),
    ),
    quarantine_at=4,
    version=3,
)


def member(name: str) -> Member:
    """`member("email 2")`: the name is the node, so failing examples can be read."""
    return Member(name.encode().ljust(16, b"."), name.split()[0], sum(name.encode()))


def link(a: str, b: str, at: int = 0, level: int = 1, source: str = "shop") -> Claim:
    return Claim("link", member(a), member(b), at, level, source, bytes([at % 251, level]) * 8)


def cut(id: int, a: str, b: str) -> Claim:
    return Claim("cut", member(a), member(b), 0, 0, "operator", bytes([id]) * 16, "two people")


def uncut(id: int, a: str, b: str) -> Claim:
    return Claim("uncut", member(a), member(b), 0, 0, "operator", bytes([id]) * 16, "one after all")


def release(id: int, name: str) -> Claim:
    return Claim("release", member(name), member(name), 0, 0, "operator", bytes([id]) * 16, "a family")


def unrelease(id: int, name: str) -> Claim:
    return Claim("unrelease", member(name), member(name), 0, 0, "operator", bytes([id]) * 16, "no family")


PEOPLE = ["user_id 1", "user_id 2", "loyalty_id 1", "loyalty_id 2", "email 1", "email 2", "email 3", "crm_id 1"]
DEVICES = ["device_id 1", "device_id 2", "anonymous_id 1", "anonymous_id 2", "anonymous_id 3"]
ODD = ["support_id 1", "crm_id 2", "order_id 1"]

ends = st.lists(st.sampled_from(PEOPLE + DEVICES + ODD), min_size=2, max_size=2, unique=True)
few_ends = st.lists(st.sampled_from(PEOPLE[:5] + DEVICES[:3]), min_size=2, max_size=2, unique=True)
people = st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=2, unique=True)
sightings = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(DEVICES[:3]))
links = st.builds(
    lambda pair, at, level: link(*pair, at, level),
    st.one_of(few_ends, few_ends, ends, people, sightings),
    st.integers(0, 7),
    st.sampled_from([0, 1, 3, 4]),
)
cut_ids = st.integers(1, 3)
cuts = st.builds(lambda id, pair: cut(id, *pair), cut_ids, few_ends)
uncuts = st.builds(lambda id, pair: uncut(id, *pair), cut_ids, few_ends)
releases = st.builds(release, cut_ids, st.sampled_from(PEOPLE[:5] + DEVICES[:3]))
unreleases = st.builds(unrelease, cut_ids, st.sampled_from(PEOPLE[:5] + DEVICES[:3]))
claims = st.one_of(links, links, links, links, links, cuts, uncuts, releases, unreleases)
histories = st.lists(claims, max_size=10)


def walk(random, lengths=(6, 12, 30, 60)):
    """A history much faster drawn than by strategies: its identifiers, share of cuts and disorder are drawn first."""
    pool = random.choice([PEOPLE[:4] + DEVICES[:1], PEOPLE[:5] + DEVICES[:3], PEOPLE + DEVICES, PEOPLE + DEVICES + ODD])
    cutting, span, ordered = random.choice([0, 0.1, 0.3]), random.choice([3, 8, 30]), random.random() < 0.4
    history = []
    for step in range(random.choice(lengths)):
        pair = random.sample(pool, 2)
        if random.random() < 0.3:
            pair = random.choice(PEOPLE), random.choice(DEVICES[:3])
        if random.random() < cutting:
            history.append(said(random, pair))
        else:
            at = step // 2 if ordered and random.random() < 0.9 else random.randint(0, span)
            history.append(link(*pair, at, random.choice([0, 1, 3, 4])))
    return history


def said(random, pair):
    """An operator's claim about the pair, or about its first."""
    kind, id = random.choice([cut, cut, uncut, release, unrelease]), random.randint(1, 4)
    return kind(id, *pair) if kind in (cut, uncut) else kind(id, pair[0])
