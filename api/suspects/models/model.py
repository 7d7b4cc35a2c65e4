"""A model's file as a suspect: each batch of probes is one run in a process of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.endpoint import rows
from api.suspects.errors import AdapterMissing, ModelError, ModelFailed, ModelTooCostly, ModelTooLarge, ModelUnfit
from api.suspects.models.architecture import Architecture
from api.suspects.models.recognise import ModelFormat, recognise
from api.suspects.sandbox import host
from api.suspects.sandbox.confine import DEFAULT, Limits
from api.suspects.suspect import Reply
from api.tracing import span
from fingerprint.canonical import digest

MOST_BYTES = 1 << 30
_NEEDS_ARCHITECTURE = "safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One file, recognised.

    Attributes:
        data: its bytes.
        form: its format.
        architecture: JSON of the architecture that a safetensors file is weights of.
        output: name of the output, or of the estimator's method, where there are several.
        limits: what a run may cost.
        run: does a task in the sandbox.
        clock: monotonic seconds.
    """

    data: bytes = field(repr=False)
    form: ModelFormat
    architecture: bytes | None = field(default=None, repr=False)
    output: str | None = None
    limits: Limits = DEFAULT
    run: Callable[..., host.Done] = field(default=host.run, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def of(
        cls,
        data: bytes,
        *,
        architecture: bytes | None = None,
        output: str | None = None,
        limits: Limits = DEFAULT,
        most: int = MOST_BYTES,
    ) -> "Model":
        """The model in a file, its format told by its bytes.

        Raises:
            ModelError: too large, unsafe, unknown, or weights without an architecture.
        """
        if len(data) > most:
            raise ModelTooLarge(f"the model has {len(data)} bytes; at most {most} are run")
        form = recognise(data)
        if form.name == _NEEDS_ARCHITECTURE:
            if architecture is None:
                raise ModelUnfit("safetensors holds weights alone; say with --architecture what they are weights of,"
                                 " or export the model as ONNX")  # fmt: skip
            Architecture.from_bytes(architecture)
        return cls(data=data, form=form, architecture=architecture, output=output, limits=limits)

    @property
    def identity(self) -> str:
        """Format, digest, architecture, output."""
        built = "" if self.architecture is None else f" architecture {digest(self.architecture)}"
        return f"{self.form.name} {digest(self.data)}{built} {self.output or '*'}"

    @property
    def at_once(self) -> int | None:
        """All probes: starting the process is most of the work."""
        return 1 << 20

    def ask(self, batch: NDArray[Any]) -> Reply:
        """The model's answers.

        Raises:
            ModelError: one of its kinds.
        """
        options = {"output": self.output, "batch": self.limits.batch}
        if self.architecture is not None:
            options["architecture"] = self.architecture.decode()
        at, started = datetime.now(UTC).isoformat(), self.clock()
        done = self._run(batch, options)
        answers = rows(done.outputs, len(batch), "the model's output")
        exchange = {
            "request_digest": digest(np.ascontiguousarray(batch).tobytes()),
            "response_digest": digest(np.ascontiguousarray(answers).tobytes()),
            "at": at,
            "seconds": round(self.clock() - started, 6),
            "facts": done.facts,
        }
        return Reply(answers=answers, exchange=exchange)

    def close(self) -> None:
        """Nothing is held open."""

    def _run(self, batch: NDArray[Any], options: dict[str, Any]) -> host.Done:
        try:
            with span("model run", adapter=self.form.name, probes=len(batch)):
                return self.run(self.form.name, self.data, probes=batch, options=options, limits=self.limits)
        except host.Stopped as stopped:
            raise self._error(stopped) from stopped

    def _error(self, stopped: host.Stopped) -> ModelError:
        """Why a run did not come to its end."""
        limits = self.limits
        match stopped.cause:
            case "time":
                return ModelTooCostly(f"the model did not end within {stopped}: {limits.cpu} s of processor time and"
                                      f" {limits.seconds:g} s in all are allowed; a loop without end?")  # fmt: skip
            case "memory":
                return ModelTooCostly(f"the model asks for more than {limits.memory >> 20} MiB of memory")
            case "missing":
                return AdapterMissing(f"{stopped} is not installed; install countermark[{self.form.extra}]")
            case _:
                return ModelFailed(f"the model broke its runtime: {stopped}")
