"""The picture of what proofs cost against the size of the log."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def draw(rows: list[dict[str, Any]], file: Path) -> None:
    """Hashes in a proof, and time to make and to verify one against that at the smallest size."""
    sizes = [row["size"] for row in rows]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.plot(sizes, [row["hashes"] for row in rows], "o-", label="inclusion")
    left.plot(sizes, [row["consistency_hashes"] for row in rows], "s--", label="consistency")
    left.set(xscale="log", xlabel="entries in the log", ylabel="hashes in a proof (mean)", ylim=(0, None))
    for name, label, style in (
        ("made_per_second", "inclusion proof made", "o-"),
        ("consistency_made_per_second", "consistency proof made", "s--"),
        ("verified_per_second", "inclusion proof verified", "^:"),
    ):
        right.plot(sizes, [rows[0][name] / row[name] for row in rows], style, label=label)
    right.set(xscale="log", xlabel="entries in the log", ylabel="time, that at 10 entries = 1", ylim=(0, None))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.savefig(file, dpi=110)
    plt.close(figure)
