"""The outcome that a claim must have, from the resolutions before and after it alone."""

from collections import defaultdict

from schemas.messages import Change
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
                *cuts(history[-1], before, after),
                *sorted(skips(members, before, after, rules)),
                *verdicts(history, before, after, rules),
            ]
        ),
    )


def cuts(claim, before, after):
    if claim.kind != "link":
        reason = "cannot_link" if claim.kind == "cut" else "withdrawn"
        for _, (a, b) in sorted(before.cuts ^ after.cuts):
            yield a, b, claim.kind, reason, claim.reason


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
