"""The static scheme's decoder: a small network trained on shadow students that carry other codewords.

Shadows are of two sorts, both with codewords drawn for the training alone:

1. every clean student with the offset added to its logits (what minting does), seen against the mean of the others;
2. a few students distilled from a signed teacher (what distilling does), seen against the mean of the clean ones. One
   such student gives many examples: exchanging offset a_w for a_w' leaves what distillation did to it as it is.

Each example sees other probes, another share of the strength, and one of the kinds of answer.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from distill import outputs
from distill.fitting.base import Fitted, Ground
from distill.loop import Settings, seeded, train
from fingerprint import seeds
from fingerprint.observation import Observation, observe
from fingerprint.schemes.static.folding import capacity, fold
from fingerprint.schemes.static.scheme import RESPONSE_BITS, offset
from fingerprint.schemes.static.summary import BLOCKS, summarise

EXAMPLES, HIDDEN, PROBES = 1200, 32, 1000
WEAKEST, STRONGEST = 0.3, 1.5  # share of the strength that a shadow carries
TRAINING = Settings(epochs=40, batch_size=64, learning_rate=3e-3)
Floats = NDArray[np.float64]
Example = tuple[Floats, NDArray[np.int8]]


def fit_static(ground: Ground) -> Fitted:
    """Settings `bits`, tensors `decoder.*`."""
    bits = int(ground.kit.settings.get("bits", RESPONSE_BITS))
    rng = seeds.stream("fitting/static", *ground.seed)
    examples = list(_examples(ground, bits, rng))
    inputs = np.stack([summary for summary, _ in examples])
    signs = np.stack([sign for _, sign in examples])
    return Fitted(settings={"bits": bits}, tensors=train_decoder(inputs, signs, seed=ground.seed))


def train_decoder(
    inputs: Floats, signs: NDArray[np.int8], *, seed: tuple[seeds.Word, ...]
) -> dict[str, NDArray[np.float32]]:
    """Weights of tanh network that reads signs (n, m) from summaries (n, 3 C), as `decoder.*` arrays.

    Args:
        inputs: summaries.
        signs: of -1 and +1.
        seed: words that name this training.
    """
    mean = inputs.mean(axis=0)
    # the blocks of one kind of answer are zero in another: scale by the spread over all, and let no block explode
    scale = np.maximum(inputs.std(axis=0), 1e-3)
    x = torch.as_tensor((inputs - mean) / scale, dtype=torch.float32)
    y = torch.as_tensor(signs, dtype=torch.float32)
    words = ("fitting/static/decoder", *seed)
    fresh = seeded(lambda: _network(x.shape[1], y.shape[1]), *words)
    first, _, last = train(fresh, x, y, _signs_loss, seed=words, settings=TRAINING).model.children()
    tensors = {"mean": mean, "scale": scale}
    for number, layer in enumerate((first, last)):
        tensors[f"weight{number}"] = _array(layer.weight).T
        tensors[f"bias{number}"] = _array(layer.bias)
    return {f"decoder.{name}": np.ascontiguousarray(value, dtype=np.float32) for name, value in tensors.items()}


def _examples(ground: Ground, bits: int, rng: np.random.Generator) -> Iterator[Example]:
    clean = [outputs.centred(outputs.logits(model, ground.probes)) for model in ground.clean]
    total = np.sum(clean, axis=0)
    plain = [(z, (total - z) / (len(clean) - 1), np.zeros(z.shape[1])) for z in clean]
    shadows = [_shadow(ground, bits, number, rng) for number in range(ground.shadows)]
    distilled = [(z, total / len(clean), carried) for z, carried in shadows]
    for number in range(EXAMPLES):
        pool = distilled if distilled and number % 2 else plain
        z, reference, carried = pool[number // 2 % len(pool)]
        word = _word(bits, rng)
        rows = rng.choice(len(z), size=min(PROBES, len(z)), replace=False)
        wanted = rng.uniform(WEAKEST, STRONGEST) * offset(ground.kit, word)
        yield _example(z[rows] + wanted - carried, reference[rows], word, rng)


def _example(logits: Floats, reference: Floats, word: NDArray[np.int8], rng: np.random.Generator) -> Example:
    summary = summarise(_observed(logits, str(rng.choice(["logits", "probs", "labels"]))), reference)
    return summary, fold(word[None], capacity(logits.shape[1]))[0]


def _observed(logits: Floats, kind: str) -> Observation:
    answers = {"logits": logits, "probs": softmax(logits, axis=1), "labels": logits.argmax(axis=1)}[kind]
    return observe(kind, answers, probes=len(logits), classes=logits.shape[1])


def _shadow(ground: Ground, bits: int, number: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Centred logits of a shadow student on the probes, and the offset that it carries."""
    carried = offset(ground.kit, _word(bits, rng))
    targets = ground.teacher_logits + torch.as_tensor(carried, dtype=ground.teacher_logits.dtype)
    student = ground.distil(targets, ("shadow", number, *ground.seed))
    return outputs.centred(outputs.logits(student, ground.probes)), carried


def _word(bits: int, rng: np.random.Generator) -> NDArray[np.int8]:
    return rng.choice(np.array([-1, 1], dtype=np.int8), size=bits)


def _network(width: int, bits: int) -> nn.Module:
    assert width % BLOCKS == 0
    return nn.Sequential(nn.Linear(width, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, bits))


def _signs_loss(logits: Tensor, signs: Tensor) -> Tensor:
    """Logistic loss of signs: log(1 + exp(-s u))."""
    return functional.softplus(-signs * logits).mean()


def _array(parameter: object) -> NDArray[np.float32]:
    assert isinstance(parameter, Tensor)
    return np.asarray(parameter.detach().numpy())
