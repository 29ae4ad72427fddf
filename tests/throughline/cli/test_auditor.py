"""What waits is pending, and what may be under way is not called proven, without any worker."""

from contextlib import closing

import pytest

from schemas.fact import Fact
from schemas.ids import to_uuid
from schemas.topics import create_topics
from sinks.clickhouse.connect import open_store
from sinks.clickhouse.migrate import migrate
from sources.channels import discover
from sources.emitter import Emitter
from streams.steps.blocks import facts_block
from tests.sinks.rows import AT, id
from tests.throughline.cli.conftest import QUIET
from throughline.cli import audit
from throughline.cli._repair import homes_of, repair
from throughline.options import Settings


@pytest.fixture
def waiting(settings: Settings) -> Settings:
    """One record that nobody has taken."""
    create_topics(settings, discover())
    migrate(settings)
    with Emitter(settings) as emitter:
        emitter.track("Page Viewed", "website", {"anonymous_id": "c"}, {"path": "/"})
    return settings


def put_fact(settings: Settings) -> None:
    fact = Fact(id("a"), AT, id("e"), AT, AT, 1, "store", "Order Completed", "", 0, "", "", 0.0, "")
    with closing(open_store(settings, "worker")) as store:
        store.insert(facts_block([fact]))


def test_what_nobody_has_taken_is_pending_and_right(waiting: Settings) -> None:
    report = audit.run(waiting, QUIET)
    assert (report.is_right, report.at_rest) == (True, False)
    assert sum(each.pending for each in report.ledger.balances) == 1


def test_a_fault_while_records_wait_is_told_but_not_settled(waiting: Settings) -> None:
    put_fact(waiting)
    report = audit.run(waiting, QUIET, patience=0.0)
    assert (report.is_right, report.settled, report.at_rest) == (False, False, False)


def test_a_node_of_which_no_table_knows_the_home_gets_no_mark(waiting: Settings) -> None:
    put_fact(waiting)
    assert homes_of(waiting, [id("a")]) == {}
    sent = repair(waiting, audit.run(waiting, QUIET, patience=0.0).findings)
    assert (sent.marks, [str(to_uuid(node)) for node in sent.homeless]) == (0, [str(to_uuid(id("a")))])
