"""False accusations and identification, as tables for the documents."""

from typing import Any

BOUNDS = ("hoeffding", "bentkus", "exact")


def false_accusation(numbers: dict[str, Any]) -> str:
    """Observed rate against nominal alpha, all suspects together, by bound."""
    rows = [row for row in numbers["rows"] if row["suspect"] == "all" and row["group"] == "all"]
    bounds = list(dict.fromkeys(row["bound"] for row in rows))
    lines = [f"| nominal alpha | {' | '.join(bounds)} |", "|" + " --- |" * (1 + len(bounds))]
    for alpha in dict.fromkeys(row["alpha"] for row in rows):
        cells = {row["bound"]: f"{row['observed']:.2e}" for row in rows if row["alpha"] == alpha}
        lines.append(f"| {alpha:.0e} | " + " | ".join(cells.get(bound, "") for bound in bounds) + " |")
    trials = max(row["trials"] for row in rows)
    note = f"{trials:,} pairs of suspect and fresh codeword, {numbers['suspects']} suspects;"
    return "\n".join(lines) + f"\n\n{note} {numbers['above_nominal']} rows above nominal beyond sampling error.\n"


def identify(numbers: dict[str, Any]) -> str:
    """Seconds, bandwidth and ratios by number of devices."""
    head = [
        "devices",
        "bits",
        "engine",
        "seconds",
        "share of read bandwidth",
        "numpy / ours",
        "FAISS / ours",
        "peak MB",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in numbers["rows"]:
        cells = [
            f"{row['devices']:,}",
            str(row["bits"]),
            row["engine"],
            f"{row['seconds']:.3f}",
            f"{row['memory_bandwidth_fraction']:.3f}",
            _ratio(row["ratio_numpy"]),
            _ratio(row["ratio_faiss"]),
            f"{row['peak_memory_bytes'] / 1e6:.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
