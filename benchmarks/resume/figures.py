"""Table for docs/service.md from the JSON that `python -m benchmarks.resume` wrote."""

from typing import Any


def resume(numbers: dict[str, Any]) -> str:
    """A line for each process that was killed, on each database."""
    head = ["database", "backend", "killed", "kills", "cases", "decided", "same verdict", "probes", "asked"]
    head += ["steps again", "one probe for one kill, most", "lost", "recovery, s"]
    lines = [head, ["---"] * len(head), *map(_line, numbers["rows"])]
    text = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    machine = numbers["machine"]
    return text + (
        f"\nSteps of {numbers['batch']} probes, {numbers['threads']} threads, leases of {numbers['lease_seconds']} s."
        f" Recovery: from the kill to the next question, median (most), the start of the process"
        f" included, its imports not."
        f" {machine['processors']} cores, load {machine['load']:.1f} at the end, {numbers['seconds']:.0f} s in all.\n"
    )


def _line(row: dict[str, Any]) -> list[str]:
    whole = (
        "kills",
        "cases",
        "decided",
        "same_verdict",
        "probes",
        "asked",
        "steps_again",
        "asked_twice_most_per_kill",
        "lost",
    )
    recovery = f"{row['recovery_seconds']:.2f} ({row['recovery_seconds_most']:.2f})"
    return [row["database"], row["backend"], row["killed"], *(f"{row[name]:,}" for name in whole), recovery]
