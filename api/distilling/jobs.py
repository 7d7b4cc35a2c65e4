"""The jobs of a distillation, each of which a worker of any executor can do: its word, the files, and nothing else.

`teacher` stores the teacher's outputs, `clean N` trains a clean student, `release` makes pack and kit, `copy DEVICE`
trains a copy. A job that was done gives its result again; one that was killed goes on from its training checkpoint.
"""

from collections.abc import Callable, Mapping

from torch import Tensor

from api import provenance
from api.commands import files
from api.distilling import reservations
from api.distilling.materials import Materials, check, load
from api.distilling.workplace import Workplace, put
from distill import artefact, atomic
from distill.checkpoint import Checkpoints
from distill.config import Config
from distill.release import prepare_release, pupil
from fingerprint.errors import WrongRelease
from fingerprint.kit import SigningKit
from fingerprint.pack import VerifierPack
from fingerprint.seeds import Word


def work(config: Config, progress: bool, job: str) -> str:
    """Do one job.

    Args:
        config: of the distillation.
        progress: whether to show this job's own bar.
        job: its word, and the number or device that it is for.
    """
    kind, _, name = job.partition(" ")
    return _JOBS[kind](config, name, progress)


def words(config: Config, *more: Word) -> tuple[Word, ...]:
    """The seed of one training of this release."""
    return ("distil", config.copies.release, *more)


def _teacher(config: Config, name: str, progress: bool) -> str:
    del name
    check(config, load(config, progress=progress))
    return ""


def _clean(config: Config, name: str, progress: bool) -> str:
    materials = load(config)
    seed = words(config, "clean", int(name))
    data = _trained(config, materials, materials.says.values, seed, f"clean student {name}" if progress else None)
    put(Workplace(config.run.out).clean(name), data)
    return artefact.digest(data)


def _release(config: Config, name: str, progress: bool) -> str:
    """The release's id. Made once: what lies there is compared with itself and kept."""
    del name, progress
    place = Workplace(config.run.out)
    if not (place.pack.exists() and place.kit.exists()):
        materials = load(config)
        clean = [materials.student() for _ in range(config.recipe.clean_students)]
        for number, model in enumerate(clean):
            artefact.load_into(model, files.read(place.clean(number)))
        ready = prepare_release(
            materials.teacher,
            features=config.teacher.features,
            student=materials.student,
            head=config.student.head,
            transfer=materials.says.contexts,
            probes=materials.probes,
            release_key=place.release_key,
            seed=words(config),
            recipe=config.recipe,
            clean=tuple(model.eval() for model in clean),
        )
        atomic.write(place.kit, ready.kit.to_bytes(), mode=files.PRIVATE)
        atomic.write(place.pack, ready.pack.to_bytes(), mode=files.PRIVATE)
    release = VerifierPack.from_bytes(files.read(place.pack)).release_id
    if SigningKit.from_bytes(files.read(place.kit)).release != release:
        raise WrongRelease(f"{place.pack} and {place.kit} are of two releases; move both away and run again")
    return release


def _copy(config: Config, device: str, progress: bool) -> str:
    place, materials = Workplace(config.run.out), load(config)
    kit = SigningKit.from_bytes(files.read(place.kit))
    reserved = reservations.of(config, device)
    signed = materials.says.signed(kit, reserved.codeword)
    seed = words(config, "copy", device)
    data = _trained(config, materials, signed.values, seed, f"copy for {device}" if progress else None)
    if reserved.copy_id is not None:
        about = {
            "copy": reserved.copy_id,
            "release": kit.release,
            "source": artefact.digest(data),
            "method": "distilled",
        }
        data = provenance.write(data, about)
    put(place.copy(device), data)
    return artefact.digest(data)


def _trained(
    config: Config, materials: Materials, targets: Tensor, seed: tuple[Word, ...], caption: str | None
) -> bytes:
    """A trained student as a file."""
    kind, name = map(str, seed[-2:])
    done = pupil(
        materials.student,
        materials.says.contexts,
        targets,
        config.recipe,
        seed=seed,
        progress=caption,
        checkpoints=Checkpoints(folder=Workplace(config.run.out).training(kind, name), every=config.run.every),
    )
    return artefact.to_bytes(done.model)


_JOBS: Mapping[str, Callable[[Config, str, bool], str]] = {
    "teacher": _teacher, "clean": _clean, "release": _release, "copy": _copy,
}  # fmt: skip
