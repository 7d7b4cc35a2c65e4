"""Preparing a release: from a teacher and a transfer set to a verifier pack, a signing kit and a minting base."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from distill import artefact, fitting, outputs
from distill.checkpoint import Checkpoints
from distill.computing import PLAIN, Computing
from distill.loop import Settings, Training, seeded, train
from distill.mint import expressed, fit_minting_map, mint
from distill.objectives import HintonKD, Objective
from distill.taps import Features
from fingerprint import schemes, seeds
from fingerprint.errors import ParameterError
from fingerprint.kit import DEFAULT_STRENGTH, SigningKit
from fingerprint.pack import DEFAULT_ALPHA, DEFAULT_RIDGE, VerifierPack
from fingerprint.pool import default_pool
from fingerprint.whitening import fit_shared_whitening

CLEAN, BASE = "clean", "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is chosen before anything is trained.

    Attributes:
        components: k, whitened components of the teacher's features; L = (C-1) k carriers.
        strength: eps, in standard deviations of the teacher's centred logits.
        clean_students: how many unsigned students to train; the first is the minting base, the others' mean logit is
            the reference `clean`. At least 2.
        alpha: family-wise false-accusation probability.
        temperature: of the default objective.
        objective: what students and copies are distilled with; None for `HintonKD(temperature)`.
        training: epochs, batch size, learning rate, optimiser.
        scheme: one of `fingerprint.schemes.CATALOGUE`.
        settings: constants of the scheme that differ from its defaults.
        shadows: students with other codewords that a scheme may train its decoder on.
        minted: whether copies are minted; the pool then also reads what the base can express of the carriers.
        mixture_every: every how many of the probes given are a mixture (`fingerprint.probes`); 0 for none.
    """

    components: int = 24
    strength: float = DEFAULT_STRENGTH
    clean_students: int = 3
    alpha: float = DEFAULT_ALPHA
    temperature: float = 4.0
    objective: Objective | None = None
    training: Settings = field(default_factory=Settings)
    scheme: str = schemes.DEFAULT
    settings: schemes.Settings = field(default_factory=dict)
    shadows: int = 2
    minted: bool = False
    mixture_every: int = 0

    def __post_init__(self) -> None:
        if self.clean_students < 2:
            raise ParameterError(f"{self.clean_students} clean students; a base and at least one reference make two")

    @property
    def minimised(self) -> Objective:
        """The objective of every distillation of this release."""
        return self.objective or HintonKD(self.temperature)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A release before it is committed: what goes to the registry (`pack`) and what stays with the signer.

    Of the teacher's features h(x) alone is kept, `whitened`: all that a signature is a map of, and a fraction as wide.
    """

    pack: VerifierPack
    kit: SigningKit
    base: nn.Module
    clean: tuple[nn.Module, ...]
    head: str
    student: Callable[[], nn.Module]
    transfer: Tensor
    teacher_logits: Tensor
    whitened: NDArray[np.float64]
    recipe: Recipe
    computing: Computing = PLAIN

    @property
    def reference_models(self) -> tuple[str, ...]:
        """Digests of the clean students' files: what a release's commitment names behind its references."""
        return tuple(artefact.digest(artefact.to_bytes(each)) for each in self.clean)

    def distil(self, codeword: ArrayLike, *, seed: tuple[seeds.Word, ...], progress: str | None = None) -> Training:
        """A copy trained from the signed teacher."""
        targets = self.signed(self.teacher_logits, codeword)
        return pupil(
            self.student, self.transfer, targets, self.recipe, seed=seed, progress=progress, computing=self.computing
        )

    def signed(self, logits: Tensor, codeword: ArrayLike) -> Tensor:
        """Logits for the transfer set, the teacher's or another's, (n, C), with one device's signature mixed in.

        Raises:
            fingerprint.errors.ParameterError: not a codeword of this release.
        """
        shift = self.kit.shift_of(codeword, inputs=self.transfer.numpy(), logits=logits.numpy(), whitened=self.whitened)
        return logits + torch.as_tensor(shift, dtype=logits.dtype)

    def mint(self, codeword: ArrayLike) -> nn.Module:
        """A copy minted from the base."""
        return mint(self.base, self.kit, codeword, head=self.head)


def prepare_release(
    teacher: nn.Module,
    *,
    features: Features,
    student: Callable[[], nn.Module],
    head: str,
    transfer: Tensor,
    probes: Tensor,
    release_key: bytes,
    seed: tuple[seeds.Word, ...],
    recipe: Recipe | None = None,
    clean: tuple[nn.Module, ...] | None = None,
    progress: bool = False,
    computing: Computing = PLAIN,
) -> Prepared:
    """Train the clean students, fit the carriers, and put the verifier pack and the signing kit together.

    Args:
        teacher: any module whose output is logits.
        features: where its penultimate features are: module name, or callable inputs -> features.
        student: makes an untrained student.
        head: name of the student's last layer, for minting.
        transfer: inputs to distil on, (n, ...) float32.
        probes: inputs that a suspect will be asked, (m, ...) float32.
        release_key: 32 secret random bytes; carriers are drawn from it.
        seed: words that name this release's trainings.
        recipe: strength, components, clean students, alpha.
        clean: unsigned students that were trained before with the same recipe; None to train them here.
        progress: whether to show progress bars.
        computing: where the teacher is asked and students are trained; carriers are fitted on the CPU.

    Raises:
        FeaturesNotFound, ShapeError, Diverged, fingerprint.errors.ParameterError.
    """
    chosen = recipe or Recipe()
    logits, tapped = outputs.with_features(teacher, transfer, features, computing)
    distil = partial(pupil, student, transfer, recipe=chosen, computing=computing)
    students = clean or _clean_students(distil, logits, chosen.clean_students, seed, progress=progress)
    draft, whitened = _draft_kit(students[0], transfer, logits, tapped, head, release_key, chosen)
    ground = fitting.Ground(
        transfer=transfer,
        teacher_logits=logits,
        teacher_features=tapped,
        probes=probes,
        clean=students,
        kit=draft,
        distil=lambda targets, words: distil(targets, seed=words).model,
        shadows=chosen.shadows,
        seed=seed,
    )
    fitted = fitting.fit(chosen.scheme, ground)
    pack = _pack(teacher, features, probes, draft, students, head, chosen, fitted)
    kit = replace(draft, release=pack.release_id, settings=fitted.settings)
    return Prepared(
        pack=pack,
        kit=kit,
        base=students[0],
        clean=students,
        head=head,
        student=student,
        transfer=transfer,
        teacher_logits=logits,
        whitened=whitened,
        recipe=chosen,
        computing=computing,
    )


def _clean_students(
    distil: Callable[..., Training], logits: Tensor, count: int, seed: tuple[seeds.Word, ...], *, progress: bool
) -> tuple[nn.Module, ...]:
    captions = [f"clean student {i + 1}" if progress else None for i in range(count)]
    words = [(*seed, "clean", i) for i in range(count)]
    return tuple(
        distil(logits, seed=name, progress=caption).model for name, caption in zip(words, captions, strict=True)
    )


def _draft_kit(
    base: nn.Module, transfer: Tensor, logits: Tensor, tapped: Tensor, head: str, release_key: bytes, recipe: Recipe
) -> tuple[SigningKit, NDArray[np.float64]]:
    """The kit of a release whose pack, and so whose id, is not made yet; h on the transfer set."""
    whitening = fit_shared_whitening(
        tapped.numpy(), outputs.before_head(base, transfer, head).numpy(), components=recipe.components
    )
    whitened = whitening(tapped.numpy())
    kit = SigningKit(
        release="",
        release_key=release_key,
        whitening=whitening,
        classes=logits.shape[1],
        strength=recipe.strength,
        sigma=float(outputs.centred(logits).std()),
        minting=fit_minting_map(base, transfer, whitened, head=head),
        scheme=recipe.scheme,
        settings=recipe.settings,
    )
    return kit, whitened


def pupil(
    student: Callable[[], nn.Module],
    transfer: Tensor,
    targets: Tensor,
    recipe: Recipe,
    *,
    seed: tuple[seeds.Word, ...],
    progress: str | None = None,
    checkpoints: Checkpoints | None = None,
    computing: Computing = PLAIN,
) -> Training:
    """A fresh student, its weights drawn from `seed`, trained as the recipe says: every clean student and every copy.

    Args:
        student: makes an untrained student.
        transfer: inputs, (n, ...).
        targets: the teacher's scores, signed or not, (n, C).
        recipe: objective and training.
        seed: words that name this training.
        progress: caption of a progress bar; None for silence.
        checkpoints: where to leave the state and to go on from; None to keep none.
        computing: processor, dtype, compiler.

    Raises:
        ShapeError, Diverged, CheckpointError: as `distill.loop.train`.
    """
    fresh = seeded(student, "distill/student", *seed)
    return train(
        fresh, transfer, targets, recipe.minimised,
        seed=seed, settings=recipe.training, progress=progress, checkpoints=checkpoints, computing=computing,
    )  # fmt: skip


def _pack(
    teacher: nn.Module,
    features: Features,
    probes: Tensor,
    kit: SigningKit,
    clean: tuple[nn.Module, ...],
    head: str,
    recipe: Recipe,
    fitted: fitting.Fitted,
) -> VerifierPack:
    _, tapped = outputs.with_features(teacher, probes, features)
    centred = [outputs.centred(outputs.logits(model, probes)) for model in clean]
    references = {CLEAN: np.mean(centred[1:], axis=0), BASE: centred[0]}
    return VerifierPack(
        release_key=kit.release_key,
        probes=probes.to(torch.float32).numpy(),
        features=kit.whitening(tapped.numpy()).astype(np.float32),
        references={name: _float32(value) for name, value in references.items()},
        pool=default_pool(tuple(sorted(references)), mixed=recipe.mixture_every > 0, expressed=recipe.minted),
        alpha=recipe.alpha,
        ridge=DEFAULT_RIDGE,
        scheme=recipe.scheme,
        settings=fitted.settings,
        tensors=fitted.tensors,
        expressed=_float32(expressed(clean[0], kit, probes, head=head)) if recipe.minted else None,
        mixture_every=recipe.mixture_every,
    )


def _float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return values.astype(np.float32)
