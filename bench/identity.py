"""What identity costs: microseconds per claim where pairs arrive in order, late, and at their worst; loading; memory.

`python -m bench.identity [customers]`. Synthetic customers with an account, an e-mail, a phone and four cookies each.
"""

import gc
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil

from schemas.ids import node_of
from schemas.links import Links, packed
from schemas.messages import Claim, Member
from streams.identity.rules import IdentityRules
from streams.identity.state import IdentityState

START, YEAR = 1_700_000_000_000, 365 * 86_400_000


@dataclass(frozen=True)
class Measured:
    name: str
    claims: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:<44} {self.claims:>9,} claims  {1e6 * self.seconds / self.claims:8.2f} us per claim"


def member(type: str, value: str) -> Member:
    return Member(node_of(type, value, b"bench"), type, hash(value) & 0x7FFFFFFF)


def link(a: Member, b: Member, at: int, level: int = 1) -> Claim:
    return Claim("link", a, b, at, level, "website", bytes(16))


def claims_of(customer: int, random: random.Random) -> Iterator[Claim]:
    """A visitor who becomes known: two cookies, an e-mail, an account, a phone, two more cookies; over one year."""
    moments = iter(sorted(START + random.randrange(YEAR) for _ in range(7)))
    user, email, phone = (member(type, f"{customer}") for type in ("user_id", "email", "phone"))
    cookies = [member("anonymous_id", f"{customer}-{n}") for n in range(4)]
    for strong, weak in [(email, cookies[0]), (email, cookies[1]), (user, email), (user, phone)]:
        yield link(strong, weak, next(moments))
    for strong, weak in [(user, cookies[2]), (email, cookies[2]), (user, cookies[3])]:
        yield link(strong, weak, next(moments))


def history(customers: int, seed: int = 1) -> list[Claim]:
    """Seven claims for each customer, in order of time."""
    rng = random.Random(seed)
    return sorted((c for n in range(customers) for c in claims_of(n, rng)), key=lambda claim: claim.first_seen)


def late(claims: list[Claim], share: float, seed: int = 2) -> list[Claim]:
    """The same claims; some of them come up to 100 days after their time."""
    rng = random.Random(seed)
    delay = {id(c): rng.randrange(100 * 86_400_000) for c in claims if rng.random() < share}
    return sorted(claims, key=lambda claim: claim.first_seen + delay.get(id(claim), 0))


def timed(name: str, claims: list[Claim], work: Callable[[], object]) -> Measured:
    gc.collect()
    gc.freeze()
    began = time.process_time()
    work()
    return Measured(name, len(claims), time.process_time() - began)


def one_by_one(state: IdentityState, claims: list[Claim]) -> Callable[[], None]:
    def run() -> None:
        for seq, claim in enumerate(claims, 1):
            state.apply(seq, claim)

    return run


def crowd(pairs: int) -> list[Claim]:
    """One customer of many e-mails and cookies; then its first pair is seen ever earlier: all are replayed."""
    user = member("user_id", "crowd")
    emails = [member("email", f"crowd-{n}") for n in range(1 + pairs // 40)]
    ties = [link(user, email, START + YEAR * n, 3) for n, email in enumerate(emails)]
    star = [link(emails[n % len(emails)], member("anonymous_id", f"crowd-{n}"), START + n * YEAR) for n in range(pairs)]
    return [*ties, *star, *(link(user, emails[0], START - n) for n in range(1, 21))]


def known_apart(visitors: int) -> list[Claim]:
    """A tablet that two households share, and their friends' devices: nobody is without a refused pair."""
    users = [member("user_id", f"apart-{n}") for n in range(visitors)]
    devices = [member("device_id", f"apart-{n}") for n in range(visitors)]
    ways = [(n, n) for n in range(visitors)] + [(n, n - 1) for n in range(1, visitors)]
    mails = [(users[n], member("email", f"apart-{n}")) for n in range(visitors)]
    pairs = [(users[n], devices[m]) for n, m in ways] + mails
    return [link(a, b, START + n) for n, (a, b) in enumerate(pairs)]


def hub(partners: int) -> list[Claim]:
    """An address that everybody gives: it is in quarantine, and every claim is refused."""
    return [link(member("user_id", f"hub-{n}"), member("email", "hub"), START + n) for n in range(partners)]


def resident() -> int:
    return int(psutil.Process().memory_info().rss)


def main(customers: int = 50_000) -> None:
    claims, rules = history(customers), IdentityRules()
    state = IdentityState(rules)
    print(timed("in order, one by one", claims, one_by_one(state, claims)))
    print(timed("again: nothing new", claims, one_by_one(state, claims)))
    for share in (0.02, 0.2, 1.0):
        name = f"{share:.0%} late by up to 100 days"
        print(timed(name, claims, one_by_one(IdentityState(rules), late(claims, share))))
    for pairs in (100, 1_000):
        worst = crowd(pairs)
        state = IdentityState.of(worst[:-20], rules)
        print(timed(f"replay of {pairs:,} pairs of one customer", worst[-20:], one_by_one(state, worst[-20:])))
    for name, odd in (("a chain of shared devices", known_apart(10_000)), ("a hub in quarantine", hub(50_000))):
        print(timed(name, odd, one_by_one(IdentityState(rules), odd)))
    del state
    gc.collect()
    types, rows = packed(claims)
    start, loaded = resident(), list[IdentityState]()
    print(timed("loaded, at rest", claims, lambda: loaded.append(IdentityState.over(Links(types, rows), [], rules))))
    rest = resident()
    print(timed("touched, neighbourhood by neighbourhood", claims, lambda: touch(loaded[0], claims)))
    print(
        f"memory a claim: {(rest - start) / len(claims):,.0f} bytes at rest, {(resident() - rest) / len(claims):,.0f} touched"
    )


def touch(state: IdentityState, claims: list[Claim]) -> None:
    for claim in claims:
        state.customer_of(claim.a.node)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
