"""Identity as its definition reads, slow and independent of the product's code: what `resolve` has to equal."""

from schemas.messages import Claim
from streams.identity.rules import IdentityRules


def reference(claims: list[Claim], rules: IdentityRules):
    """(customer of each node, reason of each pair or None, quarantined, shared)."""
    of = {m.node: rules.of(m.type) for c in claims for m in (c.a, c.b)}
    linked = [(tuple(sorted((c.a.node, c.b.node))), c) for c in claims if c.a.node != c.b.node and c.kind == "link"]
    both = {ends: [c for other, c in linked if other == ends] for ends, _ in linked}
    pairs = [(min(c.first_seen for c in seen), *ends, max(c.level for c in seen)) for ends, seen in both.items()]
    undone = {c.evidence for c in claims if c.kind == "uncut"}
    cuts = [{c.a.node, c.b.node} for c in claims if c.kind == "cut" and c.evidence not in undone]
    cuts = [ends for ends in cuts if len(ends) == 2]
    taken_back = {c.evidence for c in claims if c.kind == "unrelease"}
    released = {c.a.node for c in claims if c.kind == "release" and c.evidence not in taken_back}

    def group(node, accepted):
        found = {node}
        while more := {n for _, *ends, _ in accepted if found & {*ends} for n in ends} - found:
            found |= more
        return found

    def broken(one, other, accepted, level):
        joined, date = one | other, lambda n: min(at for at, *ends, _ in accepted if n in ends)
        if any(ends <= joined for ends in cuts):
            return "cannot_link", ""
        for rule in sorted(rules.types, key=lambda rule: (not rule.unique, rule.rank, rule.name)):
            dates = [date(n) if rule.window_ms else 0 for n in joined if of[n] == rule]
            if rule.unique and len(dates) > 1:
                return "unique", rule.name
            if rule.limit and any(sum(d <= e < d + max(rule.window_ms, 1) for e in dates) > rule.limit for d in dates):
                return "limit", rule.name
        known = [any(of[n].known for n in g) or sum(of[n].kind == "person" for n in g) > 1 for g in (one, other)]
        return ("level", "") if all(known) and level < rules.trusted_level else None

    def partition(pairs, accepted=(), reasons=()):
        for pair in sorted({*pairs}):
            one, other = (group(n, accepted) for n in pair[1:3])
            reason = None if one == other else broken(one, other, [*accepted, pair], pair[3])
            accepted, reasons = (*accepted, pair)[: len(accepted) + (reason is None)], (*reasons, (pair[1:3], reason))
        return accepted, dict(reasons)

    partners = {n: {m for _, *ends, _ in pairs if n in ends for m in ends} - {n} for n in of}
    out = {n for n in of if len(partners[n]) >= rules.quarantine_at} - released
    persons = {n for n in of if of[n].kind == "person"} - out
    accepted, _ = partition([p for p in pairs if persons >= {*p[1:3]}])
    around = {d: {n for p in partners[d] & persons for n in group(p, accepted)} for d in of if of[d].kind == "device"}
    rivals = [{n for n in of if of[n] == rule} for rule in rules.types if rule.unique]
    apart = {d for d, seen in around.items() if any(ends <= seen for ends in cuts)}
    shared = (apart | {d for d, seen in around.items() if any(len(seen & some) > 1 for some in rivals)}) - out
    why = {n: 1 for n in of if of[n].kind == "transaction"} | dict.fromkeys(shared, 2) | dict.fromkeys(out, 3)
    names = ["", "transaction", "shared", "quarantined"]
    skipped = {(a, b): (names[max(why.get(a, 0), why.get(b, 0))], "") for _, a, b, _ in pairs if {a, b} & {*why}}
    accepted, reasons = partition([p for p in pairs if p[1:3] not in skipped])
    customer = {n: min(group(n, accepted), key=lambda m: (of[m].rank, m)) for n in of}
    return customer, reasons | skipped, out, shared
