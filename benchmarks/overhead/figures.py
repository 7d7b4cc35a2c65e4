"""The table of overheads."""

from typing import Any


def overhead(numbers: dict[str, Any]) -> str:
    """Ratios by size of the student."""
    names = ("step_ratio", "step_ratio_stored", "prepare_ratio", "prepare_ratio_two_clean", "memory_ratio")
    heads = ["student", "parameters", "signed step", "outputs stored", "release, 3 clean", "release, 2 clean", "memory"]
    lines = [heads, ["---"] * len(heads)]
    lines += [
        [row["model"], f"{row['parameters']:,}", *(f"{row[name]:.3f}" for name in names)] for row in numbers["rows"]
    ]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + (
        f"\nMedians of {numbers['pairs']} pairs of {numbers['steps']} steps, and of {numbers['repeats']} pairs of"
        " releases and distillations; processor time, one thread.\n"
    )
