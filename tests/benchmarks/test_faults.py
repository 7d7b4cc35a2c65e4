"""Faults in small: two of each, on SQLite, and on PostgreSQL when asked; the whole is `python -m benchmarks.faults`."""

import pytest

from benchmarks.faults.__main__ import measure
from benchmarks.faults.figures import faults

KINDS = {
    "kill -9 of two writing processes",
    "power lost, the journal torn behind its last flush",
    "disk full",
    "read-only directory",
    "clock moved back",
    "torn tile files",
}


def test_nothing_acknowledged_is_lost() -> None:
    """After every fault each acknowledged append is found, and no two checkpoints contradict each other."""
    numbers = measure(["sqlite"], share=0.01)
    rows = {row["fault"]: row for row in numbers["rows"]}
    assert set(rows) == KINDS
    for row in rows.values():
        assert (row["lost"], row["inconsistent_checkpoints"]) == (0, 0), row
        assert row["found"] == row["acknowledged"]
    assert rows["disk full"]["acknowledged"] > 0
    assert faults(numbers).count("| 0 | 0 |") == len(KINDS)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_on_postgresql() -> None:
    """The same on PostgreSQL: writers and server killed, disks full, server and directory read-only."""
    rows = measure(["postgresql"], share=0.01)["rows"]
    assert len(rows) == 6
    for row in rows:
        assert (row["lost"], row["inconsistent_checkpoints"]) == (0, 0), row
        assert row["found"] == row["acknowledged"]
        assert row["acknowledged"] > 0 or "not made" in row["fault"]
