"""What the service's benchmark must not find; the whole is `python -m benchmarks.service`."""

from benchmarks.service.__main__ import wrong

BEYOND = {"answers": {"201": 20, "503": 140}, "lost": 0, "decided_unsaid": 0, "afterwards": "201"}


def test_overload_is_refused_and_loses_nothing() -> None:
    """Verdicts, 429 and 503 alone; what was said is kept, what was refused is open, and the service answers."""
    assert wrong({"overload": BEYOND}) == []
    for name, value in (("answers", {"500": 1}), ("lost", 1), ("decided_unsaid", 1), ("afterwards", "503")):
        assert len(wrong({"overload": {**BEYOND, name: value}})) == 1
