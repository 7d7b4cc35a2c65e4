"""The table of verifications over HTTP."""

from typing import Any


def service(numbers: dict[str, Any]) -> str:
    """One verification, its mathematics, and ten times more clients than places."""
    one, over = numbers["verification"], numbers["overload"]
    refused = sum(count for status, count in over["answers"].items() if status in ("429", "503"))
    rows = [
        ["verifications a second", f"{one['per_second']:.1f}"],
        ["seconds, half of them under", f"{one['p50_seconds']:.2f}"],
        ["seconds, 99 of 100 under", f"{one['p99_seconds']:.2f}"],
        ["the first of a process, seconds", f"{one['first_seconds']:.1f}"],
        ["processor seconds of one", f"{one['processor_seconds']:.3f}"],
        ["of that the mathematics", f"{100 * one['mathematics_share']:.0f} %"],
        ["memory of one, MB", f"{one['memory_per_request_bytes'] / 1e6:.0f}"],
        ["overload: clients on places", f"{over['clients']} on {over['places']}"],
        ["verdicts, refused with 429 or 503, other answers", _answers(over, refused)],
        ["cases lost", str(over["lost"])],
        ["answered afterwards, after seconds", f"{over['afterwards_seconds']:.2f}"],
    ]
    machine = numbers["machine"]
    lines = [["what", "measured"], ["---", "---"], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + (
        f"\n{numbers['probes']:,} probes over {numbers['classes']} classes, {one['upload_bytes'] / 1e3:.0f} kB"
        f" uploaded, among {numbers['devices']:,} devices; {one['clients']} clients at once,"
        f" {one['verifications']} verifications."
        f" {machine['processors']} cores, load {machine['load']:.1f}.\n"
    )


def _answers(over: dict[str, Any], refused: int) -> str:
    verdicts = over["answers"].get("201", 0)
    return f"{verdicts}, {refused}, {over['requests'] - verdicts - refused}"
