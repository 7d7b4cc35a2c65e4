"""Tables for docs/weights.md from the JSON that `python -m benchmarks.weights` wrote."""

from typing import Any

KINDS = ("logits", "labels", "weights", "logits+weights", "labels+weights")


def weights(numbers: dict[str, Any]) -> str:
    """Scores by evidence after every attack, and what the signature costs at every strength."""
    rows = [
        [row["attack"], f"{100 * row['accuracy']:.1f} %", *(_cell(row.get("evidence", {}).get(kind)) for kind in KINDS)]
        for row in numbers["rows"]
    ]
    prices = [
        [
            str(row["strength"]),
            f"{row['accuracy_cost_points']:+.3f} ± {row['standard_error_points']:.3f}",
            f"{row['score_fine_tuned']:.1f}",
        ]
        for row in numbers["strengths"]
    ]
    note = (
        f"\nScore of the copy's own device, of at most {numbers['bits'] ** 0.5:.1f}; bold: named at alpha ="
        f" {numbers['alpha']:.0e} among {numbers['tests']:,}. Base {100 * numbers['base_accuracy']:.1f} %.\n\n"
    )
    cost = f"cost in points (mean of {numbers['strengths'][0]['copies']} copies, standard error)"
    seen = [
        [row["attack"], f"{100 * row['accuracy']:.1f} %", f"{row['score']:.1f}", f"{row['best_stranger']:.1f}"]
        for row in numbers["seen"]
    ]
    return (
        _table(["attack", "accuracy", *KINDS], rows)
        + note
        + _table(["gamma", cost, "score, fine-tuned"], prices)
        + "\nResearch: the hidden layers' signature in answers alone (log-probabilities), file unseen:\n\n"
        + _table(["attack", "accuracy", "score", "best of 49 strangers"], seen)
    )


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "no file"
    return f"**{found['score']:.1f}**" if found["named"] else f"{found['score']:.1f}"


def _table(headings: list[str], rows: list[list[str]]) -> str:
    return "".join("| " + " | ".join(line) + " |\n" for line in [headings, ["---"] * len(headings), *rows])
