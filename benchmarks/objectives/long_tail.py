"""LTKD on a long-tailed Fashion-MNIST: a teacher that saw few of the last classes, students on the same images."""

from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.objectives import data
from benchmarks.objectives.kd import row
from benchmarks.objectives.optimisers import Plan
from benchmarks.objectives.trial import Row, network, trace
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import DKD, LTKD, CrossEntropy, HintonKD, Labelled, groups_by_count, with_labels

GAMMA = 100.0


def rows() -> Iterator[Row]:
    """Tail accuracy of KD, DKD and LTKD, each beside the cross-entropy of true labels."""
    images = data.long_tailed(GAMMA)
    counts = tuple(int(n) for n in torch.bincount(images.labels, minlength=10))
    groups = groups_by_count(counts)
    tail = torch.tensor([groups[int(y)] == 2 for y in images.test_labels])
    measure = partial(outputs.accuracy, inputs=images.test[tail], labels=images.test_labels[tail])
    words = ("benchmarks/objectives", "long-tailed teacher")
    fresh = seeded(partial(network, 192), *words)
    taught = train(
        fresh, images.transfer, images.labels, CrossEntropy(), seed=words, settings=Settings(epochs=20)
    ).model
    softs = {"KD": HintonKD(), "DKD": DKD(), "LTKD": LTKD(groups)}
    baseline: float | None = None
    for name, soft in softs.items():
        plan = Plan(Labelled(soft, label_weight=1.0, soft_weight=1.0), "adamw", 20)
        found = trace(taught, images, plan, measure, ("ltkd", name), targets=partial(with_labels, labels=images.labels))
        baseline = found.clean if baseline is None else baseline
        claim = "the baseline itself" if name == "KD" else "more accurate on tail classes than KD"
        yield row("LTKD", f"{name} on tail classes, gamma {GAMMA:g}", "2506.18496", claim, found, baseline)
