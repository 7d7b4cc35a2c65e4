"""The hostile cases: enough of them, each one of its own, and a table that says what was measured."""

from collections import Counter

from benchmarks.hostile import endpoints, files, models, tables
from benchmarks.hostile.figures import hostile


def test_there_are_cases_for_every_adapter_and_none_twice():
    """At least 200 in all; every kind of attack that the issue names is among them."""
    cases = [*files.every(), *tables.every(), *models.every(), *endpoints.every("http://127.0.0.1:9", 9, 10)]
    assert len(cases) >= 200
    names = Counter((case.adapter, case.name) for case in cases)
    assert [name for name, count in names.items() if count > 1] == []
    assert all(case.names for case in cases)
    adapters = {case.adapter for case in cases}
    assert adapters >= {
        "npz",
        "npy",
        "parquet",
        "arrow",
        "onnx",
        "skops",
        "json",
        "template",
        "oip",
        "openai",
        "DNS rebinding",
    }


def test_the_table_adds_up():
    """Whatever was not refused, and whatever was lost, is in it."""
    rows = [
        {"adapter": "npz", "tried": 3, "refused": 2, "lost": 1},
        {"adapter": "oip", "tried": 4, "refused": 4, "lost": 0},
    ]
    text = hostile({"rows": rows, "inside_reached": 5, "named_after": []})
    assert "| **all** | **7** | **6** | **1** |" in text
    assert "reached 5 times" in text
    assert "nobody" in text
