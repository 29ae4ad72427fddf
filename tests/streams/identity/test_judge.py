"""The rules one by one, each by the smallest history that shows it."""

from streams.identity.resolve import resolve
from streams.identity.rules import IdentityRules
from tests.streams.identity.alphabet import RULES, cut, link, member, release, uncut, unrelease


def groups(*claims, rules=RULES):
    """The customers of two identifiers or more, as sets of names."""
    found = resolve(claims, rules).members.values()
    return [{m.node.decode().rstrip(".") for m in group} for group in found if len(group) > 1]


def reason(a, b, *claims, rules=RULES):
    ends = tuple(sorted((member(a).node, member(b).node)))
    refusal = resolve(claims, rules).verdicts[ends]
    return refusal and " ".join(refusal).strip()


def test_a_customer_is_named_by_its_strongest_identifier():
    found = resolve([link("email 2", "anonymous_id 1"), link("user_id 1", "email 2")], RULES)
    assert set(found.customer_of.values()) == {member("user_id 1").node}


def test_of_two_identifiers_of_one_rank_the_smaller_node_is_the_stronger():
    found = resolve([link("support_id 1", "crm_id 1")], RULES)
    assert set(found.customer_of.values()) == {member("crm_id 1").node}


def test_two_user_ids_never_are_one_customer():
    claims = link("user_id 1", "email 1", 1), link("user_id 2", "email 1", 2, 4)
    assert groups(*claims) == [{"user_id 1", "email 1"}]
    assert reason("user_id 2", "email 1", *claims) == "unique user_id"


def test_of_two_rivals_the_first_seen_wins_whatever_came_first():
    late_but_older = link("user_id 2", "email 1", 0)
    assert groups(link("user_id 1", "email 1", 1), late_but_older) == [{"user_id 2", "email 1"}]


def test_a_third_loyalty_card_is_refused():
    claims = [link("crm_id 1", f"loyalty_id {n}", n, 4) for n in range(3)]
    assert reason("crm_id 1", "loyalty_id 2", *claims) == "limit loyalty_id"


def test_a_limit_with_a_window_counts_what_was_seen_close_together():
    claims = [link("user_id 1", f"anonymous_id {at}", at) for at in (0, 1, 2)]
    assert [reason("user_id 1", f"anonymous_id {n}", *claims) for n in range(3)] == [None, None, None]
    crowded = [*claims[:2], link("user_id 1", "anonymous_id 9", 1)]
    assert reason("user_id 1", "anonymous_id 9", *crowded) == "limit anonymous_id"


def test_a_refused_identifier_does_not_count_towards_the_limit():
    claims = [link("email 1", f"anonymous_id {n}", n // 2) for n in range(3)]
    assert reason("email 1", "anonymous_id 2", *claims) == "limit anonymous_id"
    tied = link("user_id 1", "email 1", 0)
    assert reason("user_id 1", "anonymous_id 8", *claims, tied, link("user_id 1", "anonymous_id 8", 2)) is None


def test_a_merge_that_would_break_a_limit_of_the_past_is_refused():
    old = [
        link("email 1", "anonymous_id 1", 0),
        link("email 1", "anonymous_id 2", 0),
        link("email 2", "anonymous_id 3", 0),
    ]
    assert reason("email 1", "email 2", *old, link("email 1", "email 2", 7, 4)) == "limit anonymous_id"


def test_two_known_customers_join_only_by_a_trusted_claim():
    known = link("user_id 1", "email 1", 0), link("loyalty_id 1", "email 2", 0)
    typed = link("user_id 1", "loyalty_id 1", 1, 1)
    scanned = link("user_id 1", "loyalty_id 1", 9, 4)
    assert reason("user_id 1", "loyalty_id 1", *known, typed) == "level"
    assert len(groups(*known, typed)) == 2
    assert groups(*known, typed, scanned) == [{"user_id 1", "email 1", "loyalty_id 1", "email 2"}]


def test_two_identifiers_of_a_person_make_a_customer_known():
    claims = link("email 1", "crm_id 1", 0), link("email 2", "support_id 1", 0), link("email 1", "email 2", 1, 2)
    assert reason("email 1", "email 2", *claims) == "level"
    assert reason("email 1", "email 2", claims[0], claims[2]) is None


def test_a_browser_alone_cannot_merge_two_customers():
    claims = link("user_id 1", "anonymous_id 1", 0), link("loyalty_id 1", "anonymous_id 1", 1, 0)
    assert reason("loyalty_id 1", "anonymous_id 1", *claims) == "level"


def test_a_cut_forbids_every_path():
    way = link("crm_id 1", "email 1", 0), link("crm_id 1", "email 2", 1), cut(1, "email 1", "email 2")
    assert groups(*way) == [{"email 1", "crm_id 1"}]
    assert reason("crm_id 1", "email 2", *way) == "cannot_link"


def test_a_device_between_two_whom_a_cut_keeps_apart_is_shared():
    way = link("email 1", "anonymous_id 1", 0), link("email 2", "anonymous_id 1", 1), cut(1, "email 1", "email 2")
    assert groups(*way) == []
    assert reason("email 1", "anonymous_id 1", *way) == "shared"


def test_a_cut_holds_until_its_own_id_is_withdrawn():
    pair, cuts = link("email 1", "crm_id 1"), [cut(1, "email 1", "crm_id 1"), cut(2, "crm_id 1", "email 1")]
    assert groups(pair, *cuts, uncut(1, "email 1", "crm_id 1")) == []
    assert groups(pair, *cuts, uncut(1, "email 1", "crm_id 1"), uncut(2, "email 1", "crm_id 1")) != []
    assert groups(uncut(1, "email 1", "crm_id 1"), pair, cuts[0]) != []


def test_an_identifier_claimed_with_too_many_others_leaves_the_graph():
    claims = [link(f"user_id {n}", "email 1", n) for n in range(4)]
    found = resolve(claims, RULES)
    assert found.quarantined == {member("email 1").node}
    assert set(found.verdicts.values()) == {("quarantined", "")}
    assert found.flags(member("email 1").node) == ("quarantined",)
    assert groups(*claims[:3]) == [{"user_id 0", "email 1"}]


def test_an_operator_releases_an_identifier_from_quarantine():
    claims = [link(f"user_id {n}", "email 1", n) for n in range(4)]
    assert groups(*claims, release(1, "email 1")) == [{"user_id 0", "email 1"}]
    assert groups(*claims, release(1, "email 1"), unrelease(1, "email 1")) == []


def test_two_releases_of_one_identifier_are_withdrawn_one_by_one():
    claims = [link(f"user_id {n}", "email 1", n) for n in range(4)]
    claims += [release(1, "email 1"), release(2, "email 1"), unrelease(1, "email 1")]
    assert groups(*claims) == [{"user_id 0", "email 1"}]
    assert groups(*claims, unrelease(2, "email 1")) == []


def test_a_device_of_two_customers_who_exclude_each_other_is_shared():
    claims = link("user_id 1", "device_id 1", 0), link("user_id 2", "device_id 1", 1), link("email 1", "user_id 2", 2)
    found = resolve(claims, RULES)
    assert found.shared == {member("device_id 1").node}
    assert found.flags(member("device_id 1").node) == ("shared",)
    assert groups(*claims) == [{"user_id 2", "email 1"}]


def test_the_first_pass_sees_persons_through_no_device():
    """By the device alone the two e-mails would be one customer, and the second account would be refused."""
    claims = [link("email 1", "device_id 1", 0), link("email 2", "device_id 1", 1)]
    claims += [link("user_id 1", "email 1", 2), link("user_id 2", "email 2", 3)]
    assert groups(*claims) == [{"user_id 1", "email 1"}, {"user_id 2", "email 2"}]


def test_an_order_or_an_unknown_type_joins_nobody():
    assert reason("user_id 1", "order_id 1", link("user_id 1", "order_id 1")) == "transaction"
    assert reason("user_id 1", "fax 1", link("user_id 1", "fax 1")) == "transaction"


def test_an_identifier_seen_with_itself_is_one_customer():
    assert resolve([link("email 1", "email 1")], RULES).customer_of == {member("email 1").node: member("email 1").node}


def test_the_default_types_are_those_of_the_schemas():
    rules = IdentityRules()
    assert rules.of("user_id").unique and rules.of("user_id").known and rules.of("loyalty_id").known
    assert (rules.of("anonymous_id").limit, rules.of("anonymous_id").window_ms) == (5, 7 * 86_400_000)
    assert rules.of("order_id").kind == "transaction"
    assert (rules.quarantine_at, rules.trusted_level) == (50, 3)
