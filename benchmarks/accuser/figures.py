"""Tables for docs/accuser.md from the JSON that `python -m benchmarks.accuser` wrote."""

from typing import Any


def accuser(numbers: dict[str, Any]) -> str:
    """Who is named when the accuser knows the codeword, and how often afterwards."""
    alphas = list(numbers["ground"]["observed"])
    head = [
        "pack",
        "named, codeword known",
        "t, known",
        "named, bound to the pack",
        "named, nonce drawn after",
        "highest t",
    ]
    rows = [
        [
            row["attack"],
            f"{row['known_named']} of {row['accused']}",
            f"{row['known_scores'][0]:.1f} to {row['known_scores'][1]:.1f}",
            f"{row['bound_named']} of {row['accused']}",
            f"{row['named_after']} of {row['trials']:,}",
            f"{row['highest']:.1f}",
            *(f"{row['observed'][alpha]:.1e}" for alpha in alphas),
        ]
        for row in numbers["crafted"]
    ]
    return _table([*head, *(f"p <= {alpha}" for alpha in alphas)], rows) + _grinding(numbers["ground"], alphas)


def _grinding(ground: dict[str, Any], alphas: list[str]) -> str:
    named = "named" if ground["named_known"] else "not named"
    rates = ", ".join(f"{ground['observed'][alpha]:.1e} at {alpha}" for alpha in alphas)
    return (
        f"\nGrinding {ground['budget']:,} device keys over {ground['release_keys']} release keys and probe sets against"
        f" '{ground['accused']}', the nonce known: best t = {ground['score_known']:.2f}, {named} (threshold"
        f" {ground['threshold']:.2f}). The same key under {ground['trials']:,} nonces drawn after the commitment:"
        f" {ground['named_after']} named, highest t = {ground['highest']:.1f}; p below alpha in {rates}.\n"
    )


def _table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
