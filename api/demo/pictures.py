"""The pictures of the report, as SVG text: scores of all devices per suspect, and accuracy against score."""

import io

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from api.demo.result import Demonstration, Finding

mpl.rcParams["svg.fonttype"] = "path"  # the same letters on every machine, and no font files in the report
mpl.rcParams["svg.hashsalt"] = "countermark"
TRUE, OTHER, LINE, INK = "#0b6e4f", "#9aa3ad", "#c0392b", "#22303c"


def scores(shown: Demonstration) -> str:
    """One row per suspect: a dot for every device, true devices filled green, the threshold as a red line."""
    figure = Figure(figsize=(9, 0.62 * len(shown.findings) + 1.5), layout="constrained")
    axes = figure.subplots()
    for row, finding in enumerate(reversed(shown.findings)):
        _row(axes, row, finding)
    axes.set_yticks(range(len(shown.findings)), [finding.name for finding in reversed(shown.findings)])
    axes.set_ylim(-0.6, len(shown.findings) - 0.2)
    axes.set_xlabel("score t of each device")
    _threshold(axes, shown.findings[0])
    axes.scatter([], [], s=90, color=TRUE, label="device whose copy it really came from")
    axes.scatter([], [], s=36, facecolors="none", edgecolors=OTHER, label="every other device")
    figure.legend(loc="outside upper right", frameon=False, ncols=3)
    return _svg(figure)


def accuracy_against_score(shown: Demonstration) -> str:
    """One dot per suspect: what the thief keeps against how strongly the best device stands out."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    for finding in shown.findings:
        colour = TRUE if finding.true_devices else OTHER
        axes.scatter(finding.score, 100 * finding.accuracy, s=90, color=colour, zorder=3)
    _label(axes, shown)
    axes.axhline(100 * shown.clean_accuracy, color=INK, linewidth=0.8, linestyle=":", label="clean students' accuracy")
    _threshold(axes, shown.findings[0])
    axes.set_xlabel("score t of the best device")
    axes.set_ylabel("accuracy on 500 unseen digits, %")
    axes.margins(x=0.2, y=0.15)
    axes.set_xlim(left=0)
    figure.legend(loc="outside upper right", frameon=False, ncols=2)
    return _svg(figure)


def _row(axes: Axes, row: int, finding: Finding) -> None:
    axes.axhline(row, color="#e6e9ec", linewidth=1, zorder=0)
    others = [score for device, score in finding.scores.items() if device not in finding.true_devices]
    axes.scatter(others, [row] * len(others), s=36, facecolors="none", edgecolors=OTHER, zorder=2)
    for place, device in enumerate(finding.true_devices):
        axes.scatter(finding.scores[device], row, s=90, color=TRUE, zorder=3)
        axes.annotate(
            device,
            (finding.scores[device], row),
            xytext=(0, 8 - 22 * (place % 2)),  # in turn above and below: members of a coalition score alike
            textcoords="offset points",
            ha="center",
            color=TRUE,
            size=8,
        )


def _label(axes: Axes, shown: Demonstration) -> None:
    """Names beside the dots, on the side where there is room: suspects of like score differ in accuracy."""
    middle = max(finding.score for finding in shown.findings) / 2
    for finding in shown.findings:
        left = finding.score > middle
        axes.annotate(
            finding.name,
            (finding.score, 100 * finding.accuracy),
            xytext=(-9 if left else 9, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            size=9,
            color=INK,
        )


def _threshold(axes: Axes, finding: Finding) -> None:
    caption = f"threshold {finding.threshold:.2f} (alpha {finding.alpha:.0e})"
    axes.axvline(finding.threshold, color=LINE, linewidth=1.5, zorder=1, label=caption)
    axes.spines[["top", "right"]].set_visible(False)


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
