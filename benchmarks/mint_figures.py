"""Table for docs/minting.md from the JSON that `python -m benchmarks.mint` wrote."""

from typing import Any


def mint(numbers: dict[str, Any]) -> str:
    """Speed, reproducibility, cost and score, beside one distillation."""
    cost, both, one = numbers["accuracy_cost"], numbers["accuracy_cost_weights_too"], numbers["distillation"]
    rows = [
        ["", "minted", "minted, all layers signed", "distilled"],
        ["---"] * 4,
        [
            "copies a minute",
            f"{numbers['copies_per_minute']:,.0f}",
            f"{numbers['copies_per_minute_weights_too']:,.0f}",
            f"{one['copies_per_minute']:.1f}",
        ],
        ["the same bytes again", "yes" if numbers["reproducible"] else "NO", "", ""],
        ["accuracy cost, points", _cost(cost), _cost(both), _cost(one["accuracy_cost"])],
        ["score, logits", _scores(numbers), "", _scores(one)],
    ]
    note = (
        f"\nHead of {numbers['head_parameters']:,} parameters in files of {numbers['file_bytes']:,} bytes; L ="
        f" {numbers['bits']}, strength {numbers['strength']}; {numbers['not_named']} of {numbers['scored']} minted"
        f" and {one['not_named']} of {one['scored']} distilled copies not named among {numbers['tests']:,} devices.\n"
    )
    return "".join("| " + " | ".join(row) + " |\n" for row in rows) + note


def _cost(found: dict[str, Any]) -> str:
    return f"{found['points']:+.2f} ± {found['standard_error']:.2f} ({found['copies']} copies)"


def _scores(found: dict[str, Any]) -> str:
    return f"{found['score']:.1f} (lowest {found['lowest_score']:.1f})"
