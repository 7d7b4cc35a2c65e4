"""The configuration of a distillation, as TOML: `countermark distil CONFIG`. Nothing in it can run anything.

`KEYS` is the whole form, table by table; docs/distil.md has an example. Unknown tables and keys are refused. A relative
path starts from the folder of the file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distill import optimisers
from distill.errors import ConfigInvalid, SettingsError
from distill.loop import Settings
from distill.objectives import CATALOGUE, Objective
from distill.release import Recipe
from distill.toml_keys import REQUIRED, Key, file_names, number, path, text, whole, word
from fingerprint.errors import ParameterError

OBJECTIVES = (
    "hinton", "dkd", "standardised", "forward_kl", "reverse_kl", "jsd", "mse", "margin_mse", "rank_net", "adr_mse",
)  # fmt: skip
"""Objectives that need the teacher's scores and nothing else; the others need data that no key names."""

_TRAINING, _RECIPE = Settings(), Recipe()

KEYS: Mapping[str, Mapping[str, Key]] = {
    "teacher": {"weights": path(), "architecture": path(), "features": text()},
    "student": {"architecture": path(), "head": text()},
    "data": {"transfer": path(), "probes": path(), "test": path(None)},
    "recipe": {
        "strength": number(_RECIPE.strength, below=10),
        "components": whole(_RECIPE.components),
        "clean_students": whole(_RECIPE.clean_students, least=2),
        "alpha": number(_RECIPE.alpha, below=1),
        "objective": word(OBJECTIVES, "hinton"),
        "temperature": number(None, below=1000),
        "epochs": whole(_TRAINING.epochs),
        "batch_size": whole(_TRAINING.batch_size),
        "learning_rate": number(_TRAINING.learning_rate, below=10),
        "optimiser": word(tuple(optimisers.CATALOGUE), _TRAINING.optimiser),
    },
    "copies": {"release": text(), "devices": file_names(()), "codewords": path(None)},
    "run": {"out": path(), "every": whole(1), "workers": whole(1)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """Weights (safetensors), architecture (JSON), and the module whose output is the penultimate features."""

    weights: Path
    architecture: Path
    features: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """Architecture (JSON) and the name of its last layer."""

    architecture: Path
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Inputs to distil on, probes, and inputs with labels that accuracies are measured on, if any."""

    transfer: Path
    probes: Path
    test: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Name of the release, devices that get a copy, and the folder of their codewords (NAME.npy), if there is one."""

    release: str
    devices: tuple[str, ...] = ()
    codewords: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Folder of everything that is written, epochs from one training checkpoint to the next, and processes."""

    out: Path
    every: int = 1
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One file, table by table; `recipe` is what a release is prepared with."""

    teacher: Teacher
    student: Student
    data: Data
    recipe: Recipe
    copies: Copies
    run: Running

    @classmethod
    def of(cls, content: str, file: Path) -> "Config":
        """The configuration in the text of a file.

        Raises:
            ConfigInvalid: no TOML, a table or key that is missing, unknown or of another kind; nothing else was done.
        """
        try:
            tables = tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            raise ConfigInvalid(f"{file} is no TOML: {error}; correct that line") from error
        _known(file, "table", tables, KEYS)
        read = {name: _read(file, name, tables.get(name, {})) for name in KEYS}
        return cls(
            teacher=Teacher(**read["teacher"]),
            student=Student(**read["student"]),
            data=Data(**read["data"]),
            recipe=_recipe(file, **read["recipe"]),
            copies=Copies(**read["copies"]),
            run=Running(**read["run"]),
        )

    @property
    def plain(self) -> dict[str, Any]:
        """All that decides what a release's models are, beside the content of the files: plain JSON values."""
        recipe = self.recipe
        return {
            "release": self.copies.release,
            "features": self.teacher.features,
            "head": self.student.head,
            "objective": repr(recipe.minimised),
            "training": asdict(recipe.training),
            **{name: getattr(recipe, name) for name in ("strength", "components", "clean_students", "alpha")},
        }


def _known(file: Path, what: str, given: Mapping[str, Any], allowed: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise ConfigInvalid(f"{file}: there is no {what} {unknown[0]!r}; it may have {', '.join(allowed)}")


def _read(file: Path, table: str, given: Any) -> dict[str, Any]:
    """The values of one table."""
    if not isinstance(given, dict):
        raise ConfigInvalid(f"{file}: {table} is no table; write a line [{table}] and its keys below")
    _known(file, f"key in [{table}]", given, KEYS[table])
    found = {}
    for name, key in KEYS[table].items():
        if name not in given and key.default is REQUIRED:
            raise ConfigInvalid(f"{file}: [{table}] lacks the key {name!r}; give it {key.needs}")
        try:
            found[name] = key.reads(given[name], file.parent) if name in given else key.default
        except (ValueError, TypeError) as error:
            raise ConfigInvalid(f"{file}: [{table}] {name} = {given[name]!r:.80}; it must be {key.needs}") from error
    return found


def _recipe(file: Path, *, objective: str, temperature: float | None, **given: Any) -> Recipe:
    training = {name: given.pop(name) for name in ("epochs", "batch_size", "learning_rate", "optimiser")}
    try:
        return Recipe(objective=_objective(objective, temperature), training=Settings(**training), **given)
    except (SettingsError, ParameterError) as error:
        raise ConfigInvalid(f"{file}: [recipe] {error}") from error


def _objective(name: str, temperature: float | None) -> Objective:
    """The objective of that name, its constants those of its paper but for the temperature."""
    made = CATALOGUE[name]()
    if temperature is None:
        return made
    if "temperature" not in getattr(made, "__dataclass_fields__", {}):
        raise SettingsError(f"temperature: the objective {name!r} has none; leave the key out")
    return CATALOGUE[name](temperature=temperature)
