"""The two pictures of a report; no name is ever drawn in them."""

import io

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from api.evidence_report.account import Account

INK, SOFT, BAR, LINE, GOOD, MARK = "#22303c", "#5d6b78", "#b9c4d0", "#c0392b", "#0b6e4f", "#8e6bb0"
_SHOWN_MARKS = 6


def histogram(told: Account) -> Figure:
    """Scores of codewords that belong to nobody, the threshold, the accused's score, and those of control models."""
    figure = Figure(figsize=(8.4, 3.5), layout="constrained")
    axes = figure.add_subplot()
    low, high = min(-5.0, float(told.fresh_scores.min())), max(5.0, float(told.fresh_scores.max()))
    bins = np.linspace(low, high, 61).tolist()
    axes.hist(told.fresh_scores, bins=bins, color=BAR, label=f"{len(told.fresh_scores):,} random codewords")
    top = axes.get_ylim()[1]
    reach = max(told.score, high if told.threshold is None else told.threshold)
    if told.threshold is not None:
        axes.axvline(told.threshold, color=LINE, lw=1.4, ls="--", label=f"threshold {told.threshold:.2f}")
    axes.plot([told.score] * 2, [0, 0.55 * top], color=GOOD, lw=2.6, solid_capstyle="round")
    axes.scatter([told.score], [0.55 * top], s=70, color=GOOD, zorder=3, label=f"accused, t = {told.score:.2f}")
    if told.marks:
        scores = [score for _, score in told.marks[:_SHOWN_MARKS]]
        axes.scatter(scores, [0.05 * top] * len(scores), marker="D", s=34, color=MARK, zorder=3, label="control models")
    axes.set_xlim(min(-5, told.score - 1), reach + 1.2)
    axes.set_xlabel("score t against the same evidence")
    axes.set_ylabel("codewords")
    _plain(axes)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9, labelcolor=INK)
    return figure


def timeline(told: Account) -> Figure:
    """The log's entries about the accused, from left to right as they stand in it."""
    figure = Figure(figsize=(8.4, 1.25), layout="constrained")
    axes = figure.add_subplot()
    places = list(range(len(told.timeline)))
    axes.plot([-0.45, len(places) - 0.55], [0, 0], color=BAR, lw=3, zorder=0, solid_capstyle="round")
    axes.scatter(places, [0] * len(places), s=110, color=GOOD, zorder=2)
    for place, each in zip(places, told.timeline, strict=True):
        axes.annotate(str(each.index), (place, 0), ha="center", va="center", size=6.5, color="white", weight="bold")
        words = each.what.replace(", ", ",\n")
        axes.annotate(words, (place, 0), (0, 14), textcoords="offset points", ha="center", size=9, color=INK)
        moment = each.at.partition(".")[0].replace("T", "\n") + " UTC"
        axes.annotate(
            moment, (place, 0), (0, -14), textcoords="offset points", ha="center", va="top", size=8, color=SOFT
        )
    axes.set_xlim(-0.6, len(places) - 0.4)
    axes.set_ylim(-1, 1)
    axes.axis("off")
    return figure


def as_svg(figure: Figure) -> str:
    """The picture as an `<svg>` element; letters are drawn as outlines, so that no name can be markup."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "countermark", "svg.fonttype": "path"}):  # equal pictures, equal bytes
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def as_png(figure: Figure) -> bytes:
    """The picture at 220 dots per inch."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=220, metadata={"Software": None})
    return out.getvalue()


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(BAR)
    axes.tick_params(colors=SOFT, labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
