"""Seven suspects: five that descend from issued copies, two that do not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn

from api.demo import digits, networks
from api.demo.fleet import Issued
from api.demo.model import RECIPE, TRANSFER_MIXTURES, Model
from distill import outputs
from distill.loop import seeded, train
from distill.objectives import HintonKD
from distill.transforms import AverageOutputs, finetune, quantise, redistil
from fingerprint import seeds

SECOND_HAND, SECOND_HAND_OF = "second-hand distilled", 3  # the number of its device, from 0
NOBODYS = ("clean student", "independent model")
Answer = Callable[[Tensor], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A model behind somebody's door.

    Attributes:
        name: what was done to it.
        kind: what it answers: logits, logprobs or probs.
        answer: inputs -> answers.
        true_devices: whose copy it really came from; empty for none.
        must_name: whether the evidence must suffice to name its device.
    """

    name: str
    kind: str
    answer: Answer
    true_devices: tuple[str, ...]
    must_name: bool

    def accuracy(self, data: digits.Digits) -> float:
        """Share of the test images that it gets right."""
        return float((self.answer(data.test).argmax(axis=1) == data.test_labels.numpy()).mean())


def line_up(model: Model, copies: tuple[Issued, ...]) -> tuple[Suspect, ...]:
    """The seven suspects, in the order of the report."""
    data = model.data
    tuned = finetune(copies[2].model, data.train, data.train_labels, seed=("demo", "thief"))
    stolen = redistil(copies[SECOND_HAND_OF].model, _thiefs_inputs(data), networks.thief, seed=("demo", "thief"))
    merged = AverageOutputs([copies[4].model, copies[5].model])
    return (
        _suspect("untouched copy", "logits", _logits(copies[0].model), copies[0]),
        _suspect("int8 copy", "logprobs", _logprobs(quantise(copies[1].model)), copies[1]),
        _suspect("fine-tuned copy", "logits", _logits(tuned), copies[2]),
        _suspect(SECOND_HAND, "logprobs", _logprobs(stolen), copies[SECOND_HAND_OF]),
        _suspect("average of two copies", "logprobs", _logprobs(merged), copies[4], copies[5]),
        _suspect(NOBODYS[0], "logits", _logits(_clean(model))),
        _suspect(NOBODYS[1], "probs", _independent(data)),
    )


def _suspect(name: str, kind: str, answer: Answer, *copies: Issued) -> Suspect:
    devices = tuple(copy.device for copy in copies)
    return Suspect(name=name, kind=kind, answer=answer, true_devices=devices, must_name=len(devices) == 1)


def _thiefs_inputs(data: digits.Digits) -> Tensor:
    key = seeds.stream("demo", "thief", "mixtures").bytes(32)
    return digits.with_mixtures(data.train, TRANSFER_MIXTURES, of=data.train, key=key, purpose="theft")


def _clean(model: Model) -> nn.Module:
    """A student of the unsigned teacher that is no part of the release."""
    fresh = seeded(networks.student, "demo", "clean suspect")
    objective, prepared = HintonKD(RECIPE.temperature), model.prepared
    words: tuple[seeds.Word, ...] = ("demo", "clean suspect")
    return train(
        fresh, prepared.transfer, prepared.teacher_logits, objective, seed=words, settings=RECIPE.training
    ).model


def _independent(data: digits.Digits) -> Answer:
    """Another party's network, trained by another library on labels alone; it never saw the teacher."""
    network = MLPClassifier((48,), max_iter=2000, random_state=seeds.number("demo", "independent") % 2**32)
    network.fit(data.train.numpy(), data.train_labels.numpy())

    def answer(inputs: Tensor) -> NDArray[np.float64]:
        return np.asarray(network.predict_proba(inputs.numpy()), dtype=np.float64)

    return answer


def _logits(model: nn.Module) -> Answer:
    def answer(inputs: Tensor) -> NDArray[np.float64]:
        return np.asarray(outputs.logits(model, inputs).numpy(), dtype=np.float64)

    return answer


def _logprobs(model: nn.Module) -> Answer:
    raw = _logits(model)

    def answer(inputs: Tensor) -> NDArray[np.float64]:
        return np.asarray(log_softmax(raw(inputs), axis=1))

    return answer
