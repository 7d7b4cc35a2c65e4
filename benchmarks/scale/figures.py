"""Tables for docs/scale.md from the JSON that `python -m benchmarks.scale` wrote."""

from typing import Any

MEGA = 1e6


def scale(numbers: dict[str, Any]) -> str:
    """Ratios of pages and look-ups, and what streaming codewords and an audit cost, by database."""
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
        **_audit(numbers["few"], [row["audit"] for row in rows]),
    }
    table = [["", *(row["database"] for row in rows)], ["---"] * (1 + len(rows))]
    table += [[name, *cells] for name, cells in lines.items()]
    return "".join("| " + " | ".join(line) + " |\n" for line in table)


def _audit(few: int, audits: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The operator's audit: whether an entry costs the same among many, and whether memory grows with the log."""
    return {
        "entries of the log, all audited": [f"{audit['entries']:,}" for audit in audits],
        "sealed keys and codewords that the audit opened": [f"{audit['opened']:,}" for audit in audits],
        f"audit of an entry / the same with {few:,} devices": [_ratio(audit["entry_many_to_few"]) for audit in audits],
        "entries audited in a second of processors": [f"{1 / audit['seconds_per_entry']:,.0f}" for audit in audits],
        "memory of the audit, MB": [f"{audit['peak_memory_growth_bytes'] / MEGA:.0f}" for audit in audits],
        f"memory of the audit with {few:,} devices, MB": [
            f"{audit['few_peak_memory_growth_bytes'] / MEGA:.0f}" for audit in audits
        ],
    }


def _ratio(value: float) -> str:
    return f"{value:.2f}"
