"""The table of overheads."""

from typing import Any


def overhead(numbers: dict[str, Any]) -> str:
    """Ratios by size of the student."""
    columns = {
        "step_ratio": "signed step", "step_ratio_hook": "by a hook", "step_ratio_stored": "outputs stored",
        "prepare_ratio": "release", "prepare_ratio_stored": "release, stored",
       "prepare_ratio_two_clean": "2 clean, stored",
        "memory_ratio": "memory",
    }  # fmt: skip
    names = tuple(name for name in columns if name in numbers["rows"][0])
    heads = ["student", "parameters", *(columns[name] for name in names)]
    lines = [heads, ["---"] * len(heads)]
    lines += [
        [row["model"], f"{row['parameters']:,}", *(f"{row[name]:.3f}" for name in names)] for row in numbers["rows"]
    ]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + (
        f"\nMedians of {numbers['pairs']} pairs of {numbers['steps']} steps, and of {numbers['repeats']} pairs of"
        " releases and distillations; processor time, one thread.\n"
    )
