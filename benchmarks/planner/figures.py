"""Table for docs/planner.md from the JSON that `python -m benchmarks.planner` wrote."""

from typing import Any

Row = dict[str, Any]


def planner(numbers: dict[str, Any]) -> str:
    """What was asked, what was planned, what a really prepared release reached."""
    head = [
        "attack, answers",
        "allowed, points",
        "plan",
        "eps, k, probes",
        "t needed",
        "t predicted (low)",
        "t reached",
        "copies over needed, over low",
        "cost predicted",
        "cost reached",
    ]
    lines = [head, ["---"] * len(head), *(_row(row, numbers["copies"]) for row in numbers["rows"])]
    text = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    refusals = "".join(f"- *{row['goal']['attack']}*: {row['reason']}\n" for row in numbers["rows"] if row["binding"])
    goal = numbers["rows"][0]["goal"]
    wanted = f"family-wise p at most {goal['family_wise_p']:.0e} among {goal['devices']:,} devices"
    note = (
        f"\nGoal of every row: {wanted}, for {goal['power']:.0%} of copies. {numbers['held_out']} held-out images: one"
        f" weighs {100 / numbers['held_out']:.1f} points; costs with one standard error. Of every plan"
        f" {numbers['releases']} releases and {numbers['copies']} distilled copies were really made."
        f" {numbers['wall_seconds']:.0f} s, one thread.\n"
    )
    return text + (f"\nWhat the refusals say:\n\n{refusals}" if refusals else "") + note


def _row(row: Row, copies: int) -> list[str]:
    goal, point, reached = row["goal"], row["point"], row["reached"]
    spent = point["cost"]
    return [
        f"{goal['attack']}, {goal['observation']}",
        f"{goal['points']:g}",
        row["outcome"] + (f" ({row['binding']})" if row["binding"] else ""),
        f"{point['strength']:.3f}, {point['components']}, {point['probes']:,}",
        f"{goal['threshold']:.1f}",
        f"{point['score']:.1f} ({point['low']:.1f})",
        f"{reached['score']:.1f}",
        f"{reached['over_threshold']} and {reached['over_low']} of {copies}",
        f"{spent['points']:+.2f} ± {spent['standard_error']:.2f}",
        f"{reached['points']:+.2f} ± {reached['standard_error']:.2f}",
    ]
