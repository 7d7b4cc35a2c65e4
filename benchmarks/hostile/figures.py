"""The table of docs/suspects.md from the JSON that `python -m benchmarks.hostile` wrote."""

from typing import Any


def hostile(numbers: dict[str, Any]) -> str:
    """How many cases of each adapter were refused as they should be, and what was lost."""
    columns = ("tried", "refused", "lost")
    rows = [[row["adapter"], *(str(row[name]) for name in columns)] for row in numbers["rows"]]
    total = ["**all**", *(f"**{sum(row[name] for row in numbers['rows'])}**" for name in columns)]
    lines = [["adapter", *columns], ["---"] * 4, *rows, total]
    table = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    named = ", ".join(numbers["named_after"]) or "nobody"
    return table + (
        f"\nAddresses inside the operator's network were reached {numbers['inside_reached']} times. Honest answers to"
        f" the same case afterwards name {named}, as they must.\n"
    )
