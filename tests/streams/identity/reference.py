"""Identity as its definition reads, slow and independent of the product's code: what `resolve` has to equal.

Gives the customer of each node, the reason of each pair or None, and who is in quarantine or shared."""


def reference(claims, rules, read=None):
    rules = max([rules, *(read(c.reason) for c in claims if c.kind == "rules")], key=lambda rules: rules.version)
    of = {m.node: rules.of(m.type) for c in claims if c.kind != "rules" for m in (c.a, c.b)}
    linked = [(tuple(sorted((c.a.node, c.b.node))), c) for c in claims if c.kind == "link" and c.a.node != c.b.node]
    both = {ends: [c for other, c in linked if other == ends] for ends, _ in linked}
    pairs = [(min(c.first_seen for c in seen), *ends, max(c.level for c in seen)) for ends, seen in both.items()]
    undone = {(c.kind.removeprefix("un"), c.evidence) for c in claims if c.kind in ("uncut", "unrelease")}
    said = [(c.kind, {c.a.node, c.b.node}) for c in claims if (c.kind, c.evidence) not in undone]
    cuts = [ends for kind, ends in said if kind == "cut" and len(ends) == 2]
    rivals = [{n for n in of if of[n] == rule} for rule in rules.types if rule.unique]

    def group(nodes, accepted):
        more = nodes.union(*({*ends} for _, *ends, _ in accepted if nodes & {*ends}))
        return nodes if more == nodes else group(more, accepted)

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
            one, other = (group({n}, accepted) for n in pair[1:3])
            reason = None if one == other else broken(one, other, [*accepted, pair], pair[3])
            accepted, reasons = (*accepted, pair)[: len(accepted) + (reason is None)], (*reasons, (pair[1:3], reason))
        return accepted, dict(reasons)

    partners = {n: {m for _, *ends, _ in pairs if n in ends for m in ends} - {n} for n in of}
    out = {n for n in of if len(partners[n]) >= rules.quarantine_at and ("release", {n}) not in said}
    persons, devices = ({n for n in of if of[n].kind == kind} - out for kind in ("person", "device"))
    accepted, _ = partition([p for p in pairs if persons >= {*p[1:3]}])
    around = {d: {n for p in partners[d] & persons for n in group({p}, accepted)} for d in devices}
    shared = {d for d in devices if any(e <= around[d] for e in cuts) or any(len(around[d] & r) > 1 for r in rivals)}
    why = {n: "transaction" for n in of if of[n].kind == "transaction"}
    why |= dict.fromkeys(shared, "shared") | dict.fromkeys(
        out, "quarantined"
    )  # of two the first in the alphabet is said
    skipped = {(a, b): (min(why[n] for n in (a, b) if n in why), "") for _, a, b, _ in pairs if {a, b} & {*why}}
    accepted, reasons = partition([p for p in pairs if p[1:3] not in skipped])
    return {n: min(group({n}, accepted), key=lambda m: (of[m].rank, m)) for n in of}, reasons | skipped, out, shared
