"""Who takes part: the accuser with a teacher, clean students and surrogates; independent models that exist already."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from api.demo import digits, networks
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD
from fingerprint.whitening import Whitening, fit_whitening

Answer = Callable[[Tensor], NDArray[Any]]
COMPONENTS = 24


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Everybody.

    Attributes:
        data: real handwritten digits.
        teacher: the accuser's.
        whitening: of its features, fitted on the training images.
        clean: two unsigned students of it, behind an honest reference.
        surrogates: networks that the accuser trains to stand for models that others may have.
        accused: independent models by name, each with the kind of its answers; none of them has seen the teacher.
    """

    data: digits.Digits
    teacher: nn.Module
    whitening: Whitening
    clean: tuple[nn.Module, ...]
    surrogates: tuple[nn.Module, ...]
    accused: Mapping[str, tuple[str, Answer]]

    def features(self, inputs: Tensor) -> NDArray[np.float32]:
        """h of the accuser's teacher, (n, k)."""
        _, tapped = outputs.with_features(self.teacher, inputs, networks.FEATURES)
        return self.whitening(tapped.numpy()).astype(np.float32)

    def reference(self, inputs: Tensor) -> NDArray[np.float32]:
        """Mean centred logits of the clean students, (n, C)."""
        logits = [outputs.centred(outputs.logits(each, inputs)) for each in self.clean]
        return np.mean(logits, axis=0).astype(np.float32)


def gather(*, epochs: int, surrogates: int) -> Cast:
    """Train everybody; the accused each on another half of the images, which the accuser has in full."""
    data = digits.load()
    schedule = Settings(epochs=epochs, batch_size=64, learning_rate=2e-3)

    def taught(factory: Callable[[], nn.Module], *words: str, half: bool = False) -> nn.Module:
        chosen = slice(None) if not half else slice(len(words[-1]) % 2, None, 2)
        images, labels = data.train[chosen], data.train_labels[chosen]
        fresh = seeded(factory, "accuser", *words)
        return train(fresh, images, labels, CrossEntropy(), seed=("accuser", *words), settings=schedule).model

    teacher = taught(networks.teacher, "teacher")
    logits, tapped = outputs.with_features(teacher, data.train, networks.FEATURES)
    clean = tuple(
        train(
            seeded(networks.student, "accuser", "clean", number),
            data.train,
            logits,
            HintonKD(4.0),
            seed=("accuser", "clean", number),
            settings=schedule,
        ).model
        for number in range(2)
    )
    shapes = (networks.student, networks.teacher, networks.thief)
    return Cast(
        data=data,
        teacher=teacher,
        whitening=fit_whitening(tapped.numpy(), components=COMPONENTS),
        clean=clean,
        surrogates=tuple(taught(shapes[number % 3], "surrogate", str(number)) for number in range(surrogates)),
        accused=_accused(data, taught),
    )


def _accused(data: digits.Digits, taught: Callable[..., nn.Module]) -> dict[str, tuple[str, Answer]]:
    nets = {"small network": networks.student, "wide network": networks.teacher, "convolutional": networks.thief}
    found: dict[str, tuple[str, Answer]] = {}
    for name, shape in nets.items():
        for which in ("a", "bb"):  # by the parity of its length, one half of the images or the other
            found[f"{name} {which[0]}"] = "logits", _asked(taught(shape, "accused", name, which, half=True))
    for name, model in (
        ("logistic regression", LogisticRegression(max_iter=2000)),
        ("random forest", RandomForestClassifier(60, random_state=1)),
    ):
        model.fit(data.train.numpy(), data.train_labels.numpy())
        found[name] = "probs", _predicting(model)
    return found


def _asked(model: nn.Module) -> Answer:
    return lambda inputs: outputs.logits(model, inputs).numpy()


def _predicting(model: Any) -> Answer:
    return lambda inputs: np.asarray(model.predict_proba(inputs.numpy()))
