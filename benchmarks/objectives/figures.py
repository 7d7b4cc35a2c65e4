"""The table of docs/objectives.md from the JSON that `python -m benchmarks.objectives` wrote."""

from typing import Any


def objectives(numbers: dict[str, Any]) -> str:
    """One row per system and variant."""
    head = ["system", "variant", "paper", "claim", "own", "baseline", "holds", "cost, points", "t", "named", "why"]
    lines = [head, ["---"] * len(head), *map(_line, numbers["rows"])]
    best = max(row["max_score"] for row in numbers["rows"])
    taken = ""
    if "processor_seconds" in numbers:
        taken = f" All rows took {numbers['processor_seconds'] / 60:.0f} minutes of one processor core."
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + (
        f"\nStrength {numbers['strength']}, {numbers['devices']:,} devices, answers in logits, greatest scores up to"
        f" {best:.1f}. Own and baseline: mean of three clean students.{taken}\n"
    )


def _line(row: dict[str, Any]) -> list[str]:
    baseline = row["baseline_metric"]
    return [
        row["system"],
        row["variant"],
        row["paper"],
        row["claim"],
        f"{100 * row['own_metric']:.1f} %",
        "" if baseline is None else f"{100 * baseline:.1f} %",
        "yes" if row["claim_holds"] else "no",
        f"{row['accuracy_cost']:+.2f}",
        f"{row['score']:.1f}",
        "yes" if row["carried"] else "no",
        row["why"],
    ]
