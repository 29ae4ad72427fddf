"""The outcome that a claim must have, from the resolutions before and after it alone, but for what it rests on."""

from collections import defaultdict

from schemas.messages import Change
from streams.identity.operator import TOO_LATE, UNHEARD
from streams.identity.outcome import Decision, Outcome, in_words
from streams.identity.resolve import Evidence


def difference(history, before, after, rules):
    seq = len(history)
    members = {m.node: m for group in after.members.values() for m in group}
    was = {node: before.customer_of.get(node, node) for node in members}

    def customers(resolution, of):
        groups = defaultdict(list)
        for node in sorted(members):
            groups[of[node]].append(members[node])
        return {c: (tuple(group), resolution.flags(c)) for c, group in groups.items()}

    old, new = customers(before, was), customers(after, after.customer_of)
    changes = tuple(
        Change(c, members[c].home, seq, *new.get(c, ((),))) for c in sorted({*old, *new}) if old.get(c) != new.get(c)
    )
    left = defaultdict(tuple)
    for node in sorted(members):
        if was[node] != after.customer_of[node]:
            left[was[node]] += (node,)
    return Outcome(
        changes,
        dict(left),
        {c: members[c].home for c in left},
        tuple(
            Decision(seq, a, b, kind, reason, detail, after.customer_of[a], rules.version)
            for a, b, kind, reason, detail in [
                *words(history, before, after),
                *sorted(skips(members, before, after, rules)),
                *verdicts(history, before, after, rules),
            ]
        ),
    )


def words(history, before, after):
    """What an operator's claim leaves, unless it was heard before."""
    *former, claim = history
    kind = claim.kind
    if kind == "link" or claim in former or (kind.startswith("un") and claim.evidence in ids(former, kind)):
        return
    if kind == "uncut":
        pairs = {ends(c) for c in former if c.kind == "cut" and c.evidence == claim.evidence}
        effect = [(a, b, kind, "withdrawn", claim.reason) for a, b in sorted(pairs)]
        yield from effect or [(*ends(claim), kind, "unknown", UNHEARD)]
    elif kind == "unrelease":
        nodes = {c.a.node for c in former if c.kind == "release" and c.evidence == claim.evidence}
        effect = [(node, node, kind, "withdrawn", claim.reason) for node in sorted(nodes)]
        yield from effect or [(claim.a.node, claim.a.node, kind, "unknown", UNHEARD)]
    elif any(same(claim, c) for c in former):
        return
    elif claim.evidence in ids(former, "un" + kind):
        yield *ends(claim), kind, "withdrawn", TOO_LATE
    else:
        yield *ends(claim), kind, {"cut": "cannot_link", "release": "released"}[kind], claim.reason


def ends(claim):
    return tuple(sorted((claim.a.node, claim.b.node)))


def ids(claims, kind):
    return {c.evidence for c in claims if c.kind == kind}


def same(one, other):
    return (one.kind, one.evidence, ends(one)) == (other.kind, other.evidence, ends(other))


def skips(members, before, after, rules):
    for node in after.quarantined - before.quarantined:
        detail = f"this {members[node].type} is claimed with {rules.quarantine_at} others or more: it joins nobody"
        yield node, node, "quarantine", "quarantined", detail
    for node in after.shared - before.shared:
        detail = f"this {members[node].type} was seen with persons who exclude each other: it joins nobody"
        yield node, node, "share", "shared", detail
    for node in before.shared - after.shared - after.quarantined:
        detail = f"no persons seen with this {members[node].type} exclude each other"
        yield node, node, "unshare", "allowed", detail
    for node in before.quarantined - after.quarantined - after.shared:
        detail = f"this {members[node].type} may be claimed with as many others as it is"
        yield node, node, "unquarantine", "allowed", detail


def verdicts(history, before, after, rules):
    evidence = Evidence(history)
    for _, a, b, level in sorted(evidence.links.values()):
        known, now = (a, b) in before.verdicts, after.verdicts[a, b]
        if known and now == before.verdicts[a, b]:
            continue
        one, other = (before.customer_of.get(node, node) for node in (a, b))
        sizes = [len(before.members.get(customer, "1")) for customer in (one, other)]
        types = [evidence.members[node].type for node in (a, b)]
        if now is not None:
            yield a, b, "refuse", now.rule, in_words(now, level, rules)
        elif known or one != other:
            kind = "merge" if one != other and min(sizes) > 1 else "attach"
            yield a, b, kind, "allowed", f"{types[0]} and {types[1]} were seen together, at level {level}"


def plain(outcome):
    """Without the evidence of its decisions."""
    return outcome._replace(decisions=tuple(d._replace(evidence=()) for d in outcome.decisions))


def unfounded(outcome, history, after):
    """Decisions whose evidence is not what it must be: the first and the strongest link of a pair, or the links of an
    identifier that left the graph, then the cuts in the way, then the claim itself."""
    for decision in outcome.decisions:
        *rest, last = decision.evidence
        links = [c for c in history if c.kind == "link" and ends(c) == (decision.a, decision.b)]
        cuts = {id for id, _ in after.cuts}
        if decision.kind in ("attach", "merge", "refuse"):
            first = min((c.first_seen, c.evidence) for c in links)[1]
            strong = min((-c.level, c.evidence) for c in links)[1]
            if decision.evidence[0] != first or strong not in decision.evidence:
                yield decision
            if decision.reason == "cannot_link" and not cuts & {*decision.evidence}:
                yield decision
        elif decision.kind in ("quarantine", "share"):
            seen = {c.evidence for c in history if c.kind == "link" and decision.a in ends(c)}
            if not seen <= {*decision.evidence} and not len(seen) > len(rest):
                yield decision
        elif decision.evidence != (history[-1].evidence,):
            yield decision
        if last != history[-1].evidence and history[-1].evidence not in rest:
            yield decision
