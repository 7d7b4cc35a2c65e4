"""A network for hyperspectral pixels distilled into a smaller one, which is then compressed (arXiv 2603.04720)."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor, nn

from benchmarks.objectives import cube
from benchmarks.objectives.judging import enrolled, judged
from benchmarks.objectives.released import mean, released, table_row
from benchmarks.objectives.trial import CLEAN, Row
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD, Objective
from distill.scores import Scores
from distill.transforms.finetune import finetune
from distill.transforms.prune import prune
from distill.transforms.quantise import quantise
from fingerprint import seeds

SYSTEM, PAPER, COMPONENTS = "Hyperspectral", "2603.04720", 32
TAUGHT, LABELS, COPY = Settings(epochs=6), Settings(epochs=8), Settings(epochs=15)
Compress = Callable[[nn.Module], nn.Module]


def network(width: int, features: int) -> nn.Module:
    """Two convolutions along the bands in `body`, a last layer `head`."""
    body = nn.Sequential(
        nn.Conv1d(2, width, 9, stride=3), nn.ReLU(), nn.Conv1d(width, 2 * width, 5, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(28 * width, features), nn.ReLU(),
    )  # fmt: skip
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(features, cube.COVERS)))


student = partial(network, 8, 48)


def rows() -> Iterator[Row]:
    """KD at T = 1 and T = 4 beside labels alone, then what compression leaves of the copy at T = 4."""
    ground = cube.scene("one")
    measure = partial(outputs.accuracy, inputs=ground.test, labels=ground.test_labels)

    def fit(targets: Tensor, objective: Objective, settings: Settings, *words: seeds.Word) -> nn.Module:
        fresh = seeded(student, *words)
        return train(fresh, ground.transfer, targets, objective, seed=words, settings=settings).model

    words = ("benchmarks/objectives", "hyperspectral teacher")
    fresh = seeded(partial(network, 32, 96), *words)
    taught = train(fresh, ground.transfer, ground.labels, CrossEntropy(), seed=words, settings=TAUGHT).model
    plain = Scores.of(taught, ground.transfer, "body")
    alone = mean(measure, [fit(ground.labels, CrossEntropy(), LABELS, "hsi", "labels", i) for i in range(CLEAN)])
    for heat in (1.0, 4.0):
        name = f"KD, T {heat:g}"
        clean = [fit(plain.values, HintonKD(heat), COPY, "hsi", name, i) for i in range(CLEAN)]
        own = mean(measure, clean)
        prepared = released(
            taught, clean, transfer=ground.transfer, probes=ground.probes, words=("hsi", name), components=COMPONENTS
        )
        devices = enrolled(prepared.pack)
        signed = plain.signed(prepared.kit, devices.codewords[0]).values
        copy = fit(signed, HintonKD(heat), COPY, "hsi", name, "copy")
        claim = "a small network is more accurate distilled than on labels alone"
        yield table_row(
            SYSTEM, name, PAPER, claim, own=own, baseline=alone, holds=own > alone, signed=measure(copy),
            found=judged(prepared.pack, copy, devices),
            why=f"{100 * (own - alone):+.2f} points against labels, teacher {100 * measure(taught):.1f} %",
        )  # fmt: skip
    for name, compress in _compressions(ground).items():
        small, before = compress(copy), measure(copy)
        yield table_row(
            SYSTEM, f"copy at T 4, {name}", PAPER, "compression costs less than one point",
            own=mean(measure, [compress(model) for model in clean]), baseline=own,
            holds=before - measure(small) < 0.01, signed=measure(small), found=judged(prepared.pack, small, devices),
            why=f"{100 * (measure(small) - before):+.2f} points against the copy before",
        )  # fmt: skip


def _compressions(ground: cube.Scene) -> dict[str, Compress]:
    def pruned(model: nn.Module, share: float) -> nn.Module:
        return finetune(prune(model, share=share), ground.transfer, ground.labels, seed=("hsi", "tuned"))

    return {
        "int8": partial(quantise, bits=8),
        "int4": partial(quantise, bits=4),
        "half pruned": partial(prune, share=0.5),
        "half pruned, fine-tuned": partial(pruned, share=0.5),
    }
