"""Table for docs/registry.md from the JSON that `python -m benchmarks.faults` wrote."""

from typing import Any

Row = dict[str, Any]


def faults(numbers: Row) -> str:
    """A line for each fault."""
    head = ["fault", "store", "times", "acknowledged", "found", "lost", "inconsistent checkpoints", "recovery"]
    lines = [head, ["---"] * len(head), *map(_line, numbers["rows"])]
    text = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    machine = numbers["machine"]
    return text + (
        f"\nRecovery: opening the registry after the fault, a clean opening = 1. SQLite's disk was filled by"
        f" {numbers['disk_filled_by']}. {machine['processors']} cores, load {machine['load']:.1f} at the end.\n"
    )


def _line(row: Row) -> list[str]:
    again = row["recovery_over_clean_opening"]
    return [
        row["fault"],
        row["store"],
        str(row["kills"]),
        f"{row['acknowledged']:,}",
        f"{row['found']:,}",
        str(row["lost"]),
        str(row["inconsistent_checkpoints"]),
        "-" if again is None else f"{again:.2f}",
    ]
