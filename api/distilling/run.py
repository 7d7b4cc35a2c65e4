"""A distillation from configuration to copies, in steps that can be taken up again after a crash.

1. everything that can be refused is refused: configuration, files, architectures; the teacher's outputs are stored;
2. the clean students are trained, pack and kit are made;
3. with a registry: the release is committed and a copy reserved for each device, its codeword kept beside the copies;
4. the copies are trained;
5. with a registry: each file's digest is registered as issued, and the file is signed, if there is a key.

Every file is whole or absent and every training goes on from its checkpoint, so that a run killed anywhere goes on to
the same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from torch import nn
from tqdm import tqdm

from api.commands import files
from api.commands.committing import commit
from api.commands.desks import Desk
from api.commands.registering import finish
from api.distilling import jobs, reservations
from api.distilling.materials import architecture, tested, words_of
from api.distilling.modules import Chain, loaded
from api.distilling.workplace import Workplace
from distill import artefact, outputs
from distill.config import Config
from distill.errors import ConfigInvalid
from distill.fleet import on_one_thread, processes, spread
from fingerprint.canonical import digest
from fingerprint.kit import SigningKit


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a configuration.

    Attributes:
        config: what is to be done.
        desk: where it is registered; None to register nothing.
        key: signs the files of registered copies; None leaves them unsigned.
        progress: whether to show bars.
    """

    config: Config
    desk: Desk | None = None
    key: ec.EllipticCurvePrivateKey | None = None
    progress: bool = False

    @property
    def place(self) -> Workplace:
        """The folder `out`."""
        return Workplace(self.config.run.out)

    def do(self) -> dict[str, Any]:
        """All steps; a summary of what lies there now, plain JSON values.

        Raises:
            ConfigInvalid: devices without a codeword, when pack and kit are made; the message says how they get one.
            DistillError, FileProblem, ModelError, RegistryError: what is wrong, and the way out.
        """
        config = self.config
        if self.desk is not None and config.copies.codewords is not None:
            raise ConfigInvalid("[copies] codewords names codewords that exist already; leave it out with --register")
        test = tested(config)
        with self.place.claimed(config):
            on_one_thread(partial(jobs.work, config, self.progress), "teacher")
            self._all("clean students", [f"clean {number}" for number in range(config.recipe.clean_students)])
            on_one_thread(partial(jobs.work, config, self.progress), "release")
            self._codewords()
            self._all("copies", [f"copy {device}" for device in config.copies.devices])
            issued = [self._issue(device) for device in config.copies.devices]
            return self._summary(issued, test)

    def _all(self, caption: str, names: Iterable[str]) -> None:
        """Do jobs of one kind: one by one here, or by several processes."""
        todo, count = list(names), self.config.run.workers
        with tqdm(total=len(todo), desc=caption, disable=not self.progress) as bar:
            if min(count, len(todo)) <= 1:
                for job in todo:
                    on_one_thread(partial(jobs.work, self.config, self.progress), job)
                    bar.update()
            else:
                each = partial(jobs.work, self.config, False)
                spread(each, todo, processes(min(count, len(todo))), done=lambda _: bar.update())

    def _codewords(self) -> None:
        """Step 3."""
        config, place = self.config, self.place
        if self.desk is not None:
            models = [digest(files.read(place.clean(i))) for i in range(config.recipe.clean_students)]
            commit(self.desk, config.copies.release, files.read(place.pack), models)
            for device in config.copies.devices:
                reservations.reserve(self.desk, config, device)
        elif left := reservations.missing(config):
            folder = config.copies.codewords or "FOLDER, named by [copies] codewords"
            raise ConfigInvalid(
                f"pack and kit are made, and {', '.join(left)} lack codewords; run again with --register, or"
                f" `countermark release create {config.copies.release} --pack {place.pack}` and for each"
                f" `countermark copy reserve --codeword-out` into {folder}, and run again"
            )
        reservations.check(config, SigningKit.from_bytes(files.read(place.kit)))

    def _issue(self, device: str) -> dict[str, Any]:
        """Step 5 for one device."""
        path = self.place.copy(device)
        about = {"device": device, **_file(path)}
        if self.desk is None:
            return about
        found = finish(self.desk, self.config.copies.release, device, path, method="distilled", key=self.key)
        return about | {"copy": found.id, "entry_index": found.entry_index}

    def _summary(self, copies: list[dict[str, Any]], test: Any) -> dict[str, Any]:
        place, config = self.place, self.config
        kit = SigningKit.from_bytes(files.read(place.kit))
        clean = [_file(place.clean(number)) for number in range(config.recipe.clean_students)]
        found = {
            "release": config.copies.release,
            "release_id": kit.release,
            "bits": kit.bits,
            "registered": self.desk is not None,
            "pack": _file(place.pack),
            "kit": _file(place.kit),
            "clean": clean,
            "copies": copies,
            "layers": words_of(config.student.architecture),
            "data": self._data(),
        }
        if test is not None:
            teacher = loaded(architecture(config.teacher.architecture), files.read(config.teacher.weights))
            found["teacher_accuracy"] = outputs.accuracy(teacher, *test)
            for each in (*clean, *copies):
                each["accuracy"] = outputs.accuracy(self._student(Path(each["file"])), *test)
        return found

    def _data(self) -> dict[str, str]:
        """Digests of the files that were trained and measured on."""
        data = self.config.data
        named = {"transfer": data.transfer, "test": data.test}
        return {name: digest(files.read(path)) for name, path in named.items() if path is not None}

    def _student(self, path: Path) -> nn.Module:
        model = Chain(architecture(self.config.student.architecture))
        artefact.load_into(model, files.read(path))
        return model


def distil(file: Path, *, desk: Desk | None, key: ec.EllipticCurvePrivateKey | None, progress: bool) -> dict[str, Any]:
    """Do what a configuration file says; see `Run.do`."""
    config = Config.of(_text(file), file)
    return Run(config=config, desk=desk, key=key, progress=progress).do()


def _text(file: Path) -> str:
    try:
        return files.read(file).decode()
    except UnicodeDecodeError as error:
        raise ConfigInvalid(f"{file} is no UTF-8 text; save it as TOML") from error


def _file(path: Path) -> dict[str, Any]:
    return {"file": str(path), "digest": digest(files.read(path))}
