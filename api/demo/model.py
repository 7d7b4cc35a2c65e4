"""The release of the demonstration: teacher, clean students, carriers, verifier pack."""

from dataclasses import dataclass
from functools import partial

from torch import nn

from api.demo import digits, networks
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy
from distill.release import Prepared, Recipe, prepare_release

RECIPE = Recipe(components=24, strength=0.05, clean_students=3, training=Settings(epochs=40))
TRANSFER_MIXTURES, PROBE_MIXTURES = 8000, 4500


@dataclass(frozen=True, kw_only=True)
class Model:
    """What the release engineer has before anything is committed."""

    data: digits.Digits
    teacher: nn.Module
    prepared: Prepared

    def accuracy(self, model: nn.Module) -> float:
        """Share of the 500 test images that a model gets right."""
        return outputs.accuracy(model, self.data.test, self.data.test_labels)

    @property
    def clean_accuracy(self) -> float:
        """Mean accuracy of the clean students."""
        return sum(self.accuracy(model) for model in self.prepared.clean) / len(self.prepared.clean)


def build(release_key: bytes, *, progress: bool) -> Model:
    """Train the teacher and prepare the release."""
    data = digits.load()
    fresh = seeded(networks.teacher, "demo", "teacher")
    taught = train(
        fresh,
        data.train,
        data.train_labels,
        CrossEntropy(),
        seed=("demo", "teacher"),
        settings=Settings(epochs=100, batch_size=64, learning_rate=1e-3),
        progress="teacher" if progress else None,
    )
    mixed = partial(digits.with_mixtures, of=data.train, key=release_key)
    prepared = prepare_release(
        taught.model,
        features=networks.FEATURES,
        student=networks.student,
        head=networks.HEAD,
        transfer=mixed(data.train, TRANSFER_MIXTURES, purpose="transfer"),
        probes=mixed(data.test, PROBE_MIXTURES, purpose="probes"),
        release_key=release_key,
        seed=("demo", "release"),
        recipe=RECIPE,
        progress=progress,
    )
    return Model(data=data, teacher=taught.model, prepared=prepared)
