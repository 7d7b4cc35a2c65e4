"""What every training of a distillation needs, read from the files that its configuration names."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from api.commands import files
from api.distilling import arrays
from api.distilling.modules import Chain, loaded
from api.distilling.workplace import Workplace
from api.suspects.errors import ModelMalformed, ModelUnfit
from api.suspects.models.architecture import Architecture
from api.suspects.models.fitting import fitted
from distill.config import Config
from distill.scores import Scores
from distill.stored import stored
from distill.taps import submodule
from fingerprint.errors import ParameterError
from fingerprint.whitening import rank


@dataclass(frozen=True, kw_only=True)
class Materials:
    """Read files.

    Attributes:
        teacher: the model that is distilled.
        says: its scores of the transfer set, from disk.
        architecture: of students and copies.
        probes: (m, ...) float32.
    """

    teacher: nn.Module
    says: Scores
    architecture: Architecture
    probes: Tensor

    def student(self) -> nn.Module:
        """An untrained student."""
        return Chain(self.architecture)


def load(config: Config, *, progress: bool = False) -> Materials:
    """The materials; the teacher is asked for what it has not said yet.

    Raises:
        FileProblem, ModelError, OutputsCorrupt, FeaturesNotFound: the file or key is named.
    """
    taught, learnt = architecture(config.teacher.architecture), architecture(config.student.architecture)
    teacher = loaded(taught, files.read(config.teacher.weights))
    transfer = _fit(config.data.transfer, taught, "inputs", "transfer")
    submodule(teacher, config.teacher.features)
    says = stored(
        teacher, transfer, config.teacher.features,
        folder=Workplace(config.run.out).teacher, progress="teacher" if progress else None,
    )  # fmt: skip
    return Materials(
        teacher=teacher, says=says, architecture=learnt, probes=_fit(config.data.probes, taught, "probes", "inputs")
    )


def check(config: Config, materials: Materials) -> None:
    """Return if a release can be prepared: what would be refused after the trainings is refused before them.

    Raises:
        ModelUnfit: a student of other inputs or outputs than the teacher.
        ParameterError: more components than the teacher's features have.
        FeaturesNotFound: the student has no such head.
    """
    given, wanted = materials.architecture, architecture(config.teacher.architecture)
    if (given.shape, given.outputs) != (wanted.shape, wanted.outputs) or len(wanted.outputs) != 1:
        raise ModelUnfit(
            f"the student gives {given.outputs} of inputs {given.shape} and the teacher {wanted.outputs} of"
            f" {wanted.shape}; both need the same inputs and one row of scores"
        )
    submodule(materials.student(), config.student.head)
    most = rank(materials.says.features.numpy())
    if config.recipe.components > most:
        raise ParameterError(
            f"[recipe] components = {config.recipe.components}, and the teacher's features at"
            f" {config.teacher.features!r} have rank {most}; give at most that"
        )


def architecture(path: Path) -> Architecture:
    """The architecture in a JSON file.

    Raises:
        FileProblem: it cannot be read.
        ModelError: it is none; the message names the file.
    """
    try:
        return Architecture.from_bytes(files.read(path))
    except ModelMalformed as error:
        raise ModelMalformed(f"{path}: {error}") from error


def words_of(path: Path) -> list[str]:
    """What the layers of an architecture's file are, in order, for a model card. Raises as `architecture` does."""
    architecture(path)
    return [layer if isinstance(layer, str) else next(iter(layer)) for layer in json.loads(files.read(path))["layers"]]


def tested(config: Config) -> tuple[Tensor, Tensor] | None:
    """Inputs and labels that accuracies are measured on; None where the configuration names none.

    Raises:
        FileProblem, ModelUnfit: no inputs of the teacher, or no labels.
    """
    path = config.data.test
    if path is None:
        return None
    rows = _fit(path, architecture(config.teacher.architecture), "inputs")
    return rows, torch.from_numpy(arrays.labels(path, len(rows)))


def _fit(path: Path, of: Architecture, *names: str) -> Tensor:
    try:
        return torch.from_numpy(fitted(arrays.inputs(path, *names), of.shape).copy())
    except ModelUnfit as error:
        raise ModelUnfit(f"{path}: {error}") from error
