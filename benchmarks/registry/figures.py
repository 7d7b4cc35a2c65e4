"""Tables for docs/registry.md from the JSON that `python -m benchmarks.registry` wrote."""

from typing import Any

Row = dict[str, Any]


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "".join("| " + " | ".join(line) + " |\n" for line in [head, ["---"] * len(head), *rows])


def registry_appends(numbers: Row) -> str:
    """Durable appends against bare inserts."""
    head = [
        "database",
        "what",
        "threads",
        "bare connections",
        "entries of a unit",
        "appends",
        "for each flush",
        "of bare inserts",
    ]
    lines = [
        [
            row["database"],
            row["what"],
            str(row["threads"]),
            str(row["bare_connections"]),
            str(row["unit"]),
            f"{row['appends']:,}",
            f"{row['appends_per_flush']:g}",
            f"{row['ratio']:.2f}",
        ]
        for row in numbers["appends"]
    ]
    machine = numbers["machine"]
    note = f"\n{machine['processors']} cores, load {machine['load']} at the end, SQLite {machine['sqlite']}.\n"
    return _table(head, lines) + note


def registry_proofs(numbers: Row) -> str:
    """What a proof costs at each size."""
    rows = numbers["proofs"]
    first = rows[0]
    head = [
        "entries",
        "hashes, inclusion",
        "hashes, consistency",
        "inclusion proofs made a second",
        "verified a second",
        "time to make, 10 entries = 1",
        "to verify",
    ]
    lines = [
        [
            f"{row['size']:,}",
            f"{row['hashes']:.1f}",
            f"{row['consistency_hashes']:.1f}",
            f"{row['made_per_second']:,}",
            f"{row['verified_per_second']:,}",
            f"{first['made_per_second'] / row['made_per_second']:.2f}",
            f"{first['verified_per_second'] / row['verified_per_second']:.2f}",
        ]
        for row in rows
    ]
    return _table(head, lines)


def registry_audits(numbers: Row) -> str:
    """Audits and recovery."""
    files, rows = numbers["audit_by_files"], numbers["audit_with_rows"]
    proof = 1 / numbers["proofs"][-1]["made_per_second"]
    lines = [
        ["a monitor's, by static files alone", f"{files['size']:,}", f"{files['seconds'] / files['size'] / proof:.2f}"],
        [
            "the operator's: rows, stored hashes, sealed keys",
            f"{rows['size']:,}",
            f"{rows['seconds'] / rows['size'] / proof:.2f}",
        ],
    ]
    text = _table(["audit", "entries", "time for an entry, one proof made = 1"], lines)
    recovered = [
        [row["database"], str(row["kills"]), f"{row['ratio']:.2f}"]
        for row in sorted(numbers["recovery"], key=lambda each: str(each["database"]), reverse=True)
    ]
    return text + "\n" + _table(["opened after kill -9", "kills", "time, a clean opening = 1"], recovered)
