from queries.audit import CountedTwice, NodeOfNoCustomer
from queries.audit_checks import CHECKS, Check, Finding, plain, still
from tests.sinks.rows import id

DOUBLE = Check("events_counted_twice", "", lambda client, limit: [], mended_by="customer")
A, B, C = (CountedTwice(id(name), 1_500_000_000_000, id("e"), 2) for name in "abc")


def faults(*found: CountedTwice) -> list[Finding]:
    return [Finding(DOUBLE, list(found))]


def test_what_was_wrong_only_once_was_under_way() -> None:
    assert still(faults(A, B), faults(B, C)) == faults(B)


def test_a_list_that_is_cut_takes_nothing_away() -> None:
    assert still(faults(A, B), faults(C), limit=2) == faults(C)
    assert still(faults(A), faults(B, C), limit=2) == faults(B, C)


def test_a_fault_names_whom_to_fold_again() -> None:
    assert DOUBLE.nodes([A, B]) == {id("a"), id("b")}


def test_a_fault_that_no_fold_mends_has_a_remedy_instead() -> None:
    assert all(bool(check.mended_by) != bool(check.remedy) for check in CHECKS)
    mapped = next(check for check in CHECKS if check.name == "nodes_of_no_customer")
    assert mapped.nodes([NodeOfNoCustomer(id("a"), id("b"))]) == set()


def test_a_fault_reads_as_uuids_and_times() -> None:
    assert plain(A) == {
        "customer": "00000000-0000-0061-0000-000000000000",
        "original_timestamp": "2017-07-14T02:40:00.000Z",
        "event_id": "00000000-0000-0065-0000-000000000000",
        "times": 2,
    }
