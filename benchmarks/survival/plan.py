"""What is trained, on how much, and for how long: one full plan and a quick one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn

from benchmarks.survival import networks
from benchmarks.survival.data import Sizes
from distill.loop import Settings
from distill.release import Recipe
from distill.transforms import CATALOGUE, Attack
from fingerprint.schemes import DEFAULT

METHODS = {"subspace": ("distilled", "minted"), "static": ("distilled",), "cosine": ("distilled",)}
COSINE_TEMPERATURE = 1.0  # the published mark lives in probabilities; other schemes distil at the recipe's temperature


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run of the benchmark.

    Attributes:
        name: part of every cached file's name.
        sizes: images; half of the probes are chosen from a pool of this size.
        probes: that a suspect is asked, mixtures among them.
        teacher, student, other: factories of the networks.
        teaching: of the teacher; the recipe holds the students'.
        recipe: components, strength, clean students; one probe of every four is a mixture on a boundary.
        mixtures: of pairs of the owner's inputs, distilled on besides them.
        stealing: of the thief's students; he has no mixtures.
        devices: copies of each method; the largest coalition needs five.
        most_labels: attacks with more labels are left out.
        strengths: of the trade-off curve.
        trials: fresh keys of the cosine scheme's randomisation test.
        peers_skip: attacks that are only run on the default scheme, by the beginning of their names.
    """

    name: str
    sizes: Sizes
    teacher: Callable[[], nn.Module]
    student: Callable[[], nn.Module]
    other: Callable[[], nn.Module]
    teaching: Settings
    recipe: Recipe
    probes: int
    mixtures: int
    stealing: Settings
    devices: int = 5
    most_labels: int = 6_666
    strengths: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.4)
    trials: int = 999
    peers_skip: tuple[str, ...] = ("new upper",)

    def attacks(self, scheme: str) -> tuple[Attack, ...]:
        """Rows of the catalogue that this plan has the labels for, and the patience."""
        skipped = () if scheme == DEFAULT else self.peers_skip
        return tuple(r for r in CATALOGUE if r.labels <= self.most_labels and not r.name.startswith(skipped))

    def recipe_of(self, scheme: str, strength: float) -> Recipe:
        """The recipe at one scheme and strength."""
        plain = replace(self.recipe, scheme=scheme, strength=strength)
        if scheme != "cosine":
            return plain
        return replace(plain, temperature=COSINE_TEMPERATURE, settings={"trials": self.trials})


FULL = Plan(
    name="full",
    sizes=Sizes(transfer=20_000, thief=20_000, probes=20_000, test=10_000),
    teacher=networks.large_convolutional,
    student=networks.small_convolutional,
    other=networks.perceptron,
    teaching=Settings(epochs=14, learning_rate=2e-3),
    recipe=Recipe(components=48, clean_students=4, training=Settings(epochs=10), minted=True, mixture_every=4),
    probes=10_000,
    mixtures=20_000,
    stealing=Settings(epochs=16),
)
QUICK = Plan(
    name="quick",
    sizes=Sizes(transfer=6_666, thief=6_666, probes=16_000, test=4_000),
    teacher=networks.pooled_convolutional,
    student=networks.perceptron,
    other=networks.pooled_convolutional,
    teaching=Settings(epochs=25, learning_rate=2e-3),
    recipe=Recipe(components=32, clean_students=3, training=Settings(epochs=15), minted=True, mixture_every=4),
    probes=4_000,
    mixtures=6_666,
    stealing=Settings(epochs=24),
    strengths=(0.05, 0.1, 0.2),
    trials=199,
    peers_skip=("new head", "new upper", "fine-tune", "average of", "second-hand same"),
)
