"""What a worker knows of identity, while it hears late, forgets, and is told old things again."""

import pytest

from schemas.ids import Id
from schemas.messages import Change, Ruling
from schemas.tables import RULES
from streams.view import UNKNOWN_HOME, View
from tests.streams.steps.outside import Outside, change, member
from throughline.errors import ConfigurationError

ANN, COOKIE, OTHER = member("email", "ann@x.org"), member("anonymous_id", "c1"), member("anonymous_id", "c2")
APART, TOGETHER = change(1, ANN), change(7, ANN, COOKIE)


def look(outside: Outside, view: View, *nodes: Id) -> dict[Id, Change]:
    return outside.run(view.freeze(nodes))[0]


def test_an_identifier_that_was_never_claimed_is_its_own_customer() -> None:
    alone = look(Outside(), View(), COOKIE.node)[COOKIE.node]
    assert (alone.customer, alone.seq, alone.home) == (COOKIE.node, 0, UNKNOWN_HOME)


def test_the_tables_are_asked_once_for_each_node() -> None:
    outside, view = Outside(), View()
    look(outside, view, ANN.node, COOKIE.node)
    look(outside, view, COOKIE.node, ANN.node)
    assert outside.done == ["customers_of"]


def test_a_change_replaces_what_is_held() -> None:
    outside, view = Outside(), View()
    look(outside, view, COOKIE.node)
    view.apply(2, [TOGETHER])
    assert look(outside, view, COOKIE.node)[COOKIE.node] == TOGETHER
    assert view.position == 2


def test_an_older_change_replaces_nothing() -> None:
    outside, view = Outside(), View()
    outside.become(TOGETHER)
    look(outside, view, ANN.node)
    view.apply(5, [APART])
    assert look(outside, view, ANN.node)[ANN.node] == TOGETHER


def test_an_old_change_that_is_announced_again_says_nothing_of_a_node_that_is_not_held() -> None:
    outside, view = Outside(), View()
    outside.become(TOGETHER)
    view.apply(5, [APART])
    assert look(outside, view, ANN.node)[ANN.node] == TOGETHER


def test_a_change_that_is_heard_while_the_tables_answer_wins_over_an_older_answer() -> None:
    outside, view = Outside(), View()
    step = view.freeze([COOKIE.node])
    ask = next(step)
    answer = outside.perform(ask)
    view.apply(2, [TOGETHER])
    with pytest.raises(StopIteration) as stop:
        step.send(answer)
    assert stop.value.value[0][COOKIE.node] == TOGETHER


def test_a_newer_answer_wins_over_an_old_change_heard_meanwhile() -> None:
    outside, view = Outside(), View()
    outside.become(TOGETHER)
    step = view.freeze([ANN.node])
    answer = outside.perform(next(step))
    view.apply(2, [APART])
    with pytest.raises(StopIteration) as stop:
        step.send(answer)
    assert stop.value.value[0][ANN.node] == TOGETHER


def test_a_node_that_others_have_seen_newer_is_asked_for_again() -> None:
    outside, view = Outside(), View()
    look(outside, view, COOKIE.node)
    outside.become(TOGETHER)
    view.distrust(COOKIE.node, 7)
    assert look(outside, view, COOKIE.node)[COOKIE.node] == TOGETHER


def test_the_view_is_bounded_and_keeps_what_was_used_last() -> None:
    outside, view = Outside(), View(capacity=2)
    look(outside, view, ANN.node, COOKIE.node)
    look(outside, view, ANN.node)
    look(outside, view, OTHER.node)
    assert len(view) == 2
    look(outside, view, ANN.node)
    assert outside.done == ["customers_of"] * 2


def test_the_position_never_decreases() -> None:
    view = View(position=9)
    view.apply(3, ())
    assert view.position == 9


def test_the_newest_rules_hold_whether_they_are_heard_or_asked_for() -> None:
    outside, view = Outside(), View()
    outside.run(view.learn_rules())
    assert (view.rules, outside.done) == (None, ["rules"])
    for version in (3, 2):
        view.apply(view.position + 1, [Ruling(version, version, f"version = {version}")])
    assert view.rules is not None and view.rules.version == 3
    outside.insert(RULES, (9, 7, "version = 7", 0))
    outside.run(view.learn_rules())
    assert (view.rules.version, outside.done) == (3, ["rules"])
    outside.run(view.learn_rules(again=True))
    assert view.rules.version == 7


def test_rules_that_this_build_cannot_read_end_the_worker() -> None:
    with pytest.raises(ConfigurationError, match="line 2: new_kind_of_rule"):
        View().apply(1, [Ruling(2, 1, "version = 2\nnew_kind_of_rule = 3")])
