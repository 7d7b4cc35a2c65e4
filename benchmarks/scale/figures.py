"""Tables for docs/scale.md from the JSON that `python -m benchmarks.scale` wrote."""

from typing import Any

MEGA = 1e6


def scale(numbers: dict[str, Any]) -> str:
    """Ratios of pages and look-ups, and what streaming codewords costs, by database."""
    rows = numbers["rows"]
    lines = {
        "devices and copies": [f"{row['many']:,}" for row in rows],
        "last page of devices / first": [_ratio(row["queries"]["devices_last_to_first"]) for row in rows],
        "last page of copies / first": [_ratio(row["queries"]["copies_last_to_first"]) for row in rows],
        f"look-up by digest / the same among {numbers['few']:,}": [
            _ratio(row["queries"]["digest_many_to_few"]) for row in rows
        ],
        f"look-up by name / the same among {numbers['few']:,}": [
            _ratio(row["queries"]["name_many_to_few"]) for row in rows
        ],
        "speed of streaming / of opening and deriving alone": [
            _ratio(row["streaming"]["speed_of_bare"]) for row in rows
        ],
        "first verdict / a later one": [f"{row['streaming']['first_to_later']:,.0f}" for row in rows],
        "codewords held, MB": [f"{row['streaming']['packed_bytes'] / MEGA:.1f}" for row in rows],
        "a matrix of them would be, MB": [f"{row['streaming']['matrix_bytes'] / MEGA:.1f}" for row in rows],
        "peak memory of the process, MB": [f"{row['streaming']['peak_memory_bytes'] / MEGA:.0f}" for row in rows],
        "of that for streaming, MB": [f"{row['streaming']['peak_memory_growth_bytes'] / MEGA:.0f}" for row in rows],
    }
    table = [["", *(row["database"] for row in rows)], ["---"] * (1 + len(rows))]
    table += [[name, *cells] for name, cells in lines.items()]
    return "".join("| " + " | ".join(line) + " |\n" for line in table)


def _ratio(value: float) -> str:
    return f"{value:.2f}"
