"""What the service does with a suspect on a caller's behalf: run an uploaded model, ask an endpoint; both if allowed.

Every exchange goes into a record beside the registry, one file for each case and
suspect; the same request sent again goes on from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from api.evidence import Verdict
from api.settings import Settings
from api.suspects import endpoint_file
from api.suspects.asking import Plan, ask_all, size_of
from api.suspects.detect import kind_of
from api.suspects.errors import ModelNotAdmitted, ModelUnfit, NoRecord
from api.suspects.guard import Guard
from api.suspects.models.model import Model
from api.suspects.outbound import Bounds, Outbound
from api.suspects.remote import Remote
from api.suspects.sandbox.confine import Limits
from api.suspects.suspect import Suspect
from api.workspace import Workspace
from fingerprint.canonical import digest
from fingerprint.errors import ObservationError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BATCH, _PRIVATE, _ATTEMPTS, _AT_ONCE = 64, 0o700, 3, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The service's hands; all that it may do is in the settings."""

    settings: Settings

    def model(self, data: bytes, *, architecture: str | None, output: str | None) -> Model:
        """An uploaded model, weights with the architecture of that name.

        Raises:
            ModelError: this service runs none, or not this one.
        """
        return self.run(data, architecture=self.architecture(architecture), output=output)

    def run(self, data: bytes, *, architecture: bytes | None, output: str | None) -> Model:
        """The same, weights with the architecture itself.

        Raises:
            ModelError: as above.
        """
        self._require_models()
        settings = self.settings
        limits = Limits(
            memory=settings.model_memory,
            cpu=settings.model_seconds,
            seconds=2.0 * settings.model_seconds,
            output=settings.max_array_bytes,
        )
        return Model.of(data, architecture=architecture, output=output, limits=limits, most=settings.max_model_bytes)

    def _require_models(self) -> None:
        if not self.settings.run_models:
            raise ModelNotAdmitted("this service runs no uploaded models (COUNTERMARK_RUN_MODELS)")

    def endpoint(self, fields: Mapping[str, Any], *, token: str | None, attempts: int = _ATTEMPTS) -> Remote:
        """An endpoint that a caller describes; without an answer it is asked again, `attempts` times in all.

        Raises:
            ModelNotAdmitted: this service asks none.
            SuspectError: it cannot be asked.
        """
        settings = self.settings
        if not settings.ask_endpoints:
            raise ModelNotAdmitted("this service asks no endpoints (COUNTERMARK_ASK_ENDPOINTS)")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        endpoint = endpoint_file.endpoint_of(fields, headers=headers)
        bounds = Bounds(bytes=settings.answer_bytes, seconds=settings.answer_seconds, attempts=attempts)
        return Remote(endpoint=endpoint, outbound=Outbound(guard=Guard(allowed=settings.allow_networks), bounds=bounds))

    def verdict(
        self, desk: Workspace, case_id: str, suspect: Suspect, *, kind: str | None, batch: int = _BATCH
    ) -> Verdict:
        """Put the case's probes to the suspect, and weigh what it answers.

        Raises:
            CaseDecided, LooksTaken: no answers may decide the case any more; nothing is asked.
            SuspectError, ModelError: the suspect gave no answers that can be used; the case is open.
        """
        try:
            desk.require_decidable(case_id)
            probes = desk.probes(case_id)
            plan = Plan(batch=batch, seconds=self.settings.asking_seconds)
            self._records.mkdir(mode=_PRIVATE, exist_ok=True)
            record = self._records / f"{case_id}.{_short(suspect, plan)}.jsonl"
            answers = np.concatenate(list(ask_all(suspect, probes, record=record, plan=plan)))
            try:
                return desk.send_outputs(case_id, answers, kind=kind or kind_of(answers))
            except ObservationError:
                _set_aside(record)  # it stays as it is, and the same suspect is asked anew next time
                raise
        finally:
            suspect.close()

    def record(self, desk: Workspace, case_id: str) -> bytes:
        """The record of a case's exchanges with the suspect that was asked last, JSON lines.

        Raises:
            NoRecord: the service asked nobody about it.
        """
        case = desk.case(case_id).id
        with desk.store.reading() as registry:
            by_job = registry.job_record(desk.tenant, case)
        if by_job is not None:
            return by_job
        paths = [path for path in self._records.glob(f"{case}.*") if path.stat().st_size]
        if not paths:
            raise NoRecord(f"the service asked no suspect about case {case_id}; its answers were sent")
        return max(paths, key=lambda path: path.stat().st_mtime_ns).read_bytes()

    def forget(self, desk: Workspace) -> None:
        """Delete the records of exchanges, set aside ones too, about cases whose answers were destroyed, now or before.

        The answers stand in them; whoever was killed between destroying the one and the other is made good here.
        """
        kept = sorted({path.name.partition(".")[0] for path in self._records.glob("*.*")})
        for begin in range(0, len(kept), _AT_ONCE):
            with desk.store.reading() as registry:
                gone = registry.answers_destroyed(desk.tenant, kept[begin : begin + _AT_ONCE])
            for path in (path for case in gone for path in self._records.glob(f"{case}.*")):
                path.unlink(missing_ok=True)

    @property
    def _records(self) -> Path:
        return self.settings.data / "records"

    def architecture(self, name: str | None) -> bytes | None:
        """JSON of the architecture that the operator registered under a name; None without a name.

        Raises:
            ModelNotAdmitted: this service runs no models.
            ModelUnfit: none is registered.
        """
        self._require_models()
        if name is None:
            return None
        folder = self.settings.architectures or self.settings.data / "architectures"
        path = folder / f"{name}.json"
        if not _NAME.fullmatch(name) or not path.is_file():
            known = ", ".join(sorted(found.stem for found in folder.glob("*.json"))[:20]) or "none"
            raise ModelUnfit(f"there is no architecture {name[:64]!r} here; the operator registered: {known}")
        return path.read_bytes()


def _short(suspect: Suspect, plan: Plan) -> str:
    """Tells the records of one case apart: another suspect, or other batches, have another one."""
    return digest(f"{suspect.identity} {size_of(suspect, plan)}".encode()).removeprefix("sha256:")[:16]


def _set_aside(record: Path) -> None:
    """Give the record the first free number, unless another request with the same answers has just done so."""
    for number in count(1):
        aside = record.with_suffix(f".{number}")
        try:
            aside.touch(exist_ok=False)  # nobody else takes this number, and no record goes over another
        except FileExistsError:
            continue
        try:
            record.replace(aside)
        except FileNotFoundError:
            aside.unlink()
        return
