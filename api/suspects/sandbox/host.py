"""Starting the process, waiting for it, and believing nothing of what it left but checked numbers."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects import npy
from api.suspects.errors import AnswersError, ModelError
from api.suspects.sandbox.confine import DEFAULT, Limits
from api.suspects.sandbox.folder import new_folder
from api.suspects.sandbox.worker import FAILED, MEMORY, MISSING, OUTPUTS, PROBES, RESULT, SUSPECT, TASK

_PACKAGES = Path(__file__).resolve().parents[3]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from api.suspects.sandbox.worker import start; start()"
_MOST_RESULT = 1 << 20
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"), "1"
) | {"ARROW_DEFAULT_MEMORY_POOL": "system", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
_SAID = {kind.__name__: kind for root in (AnswersError, ModelError) for kind in (root, *root.__subclasses__())}


class Stopped(Exception):
    """The task did not come to its end.

    Attributes:
        cause: `time`, `memory`, `missing` (a library that is not installed) or `failed`.
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a task left.

    Attributes:
        outputs: checked numbers.
        facts: what it says about the file, for the record; JSON values.
    """

    outputs: NDArray[Any]
    facts: dict[str, Any]


def run(
    name: str,
    data: bytes,
    *,
    probes: NDArray[Any] | None = None,
    options: dict[str, Any] | None = None,
    limits: Limits = DEFAULT,
) -> Done:
    """Do a task of the table over a file in a process of its own.

    Raises:
        AnswersError, ModelError: what the task says about the file.
        Stopped: it took too long or too much, died, or lacks a library.
    """
    with new_folder() as folder:
        (folder / SUSPECT).write_bytes(data)
        if probes is not None:
            np.save(folder / PROBES, np.ascontiguousarray(probes), allow_pickle=False)
        task = {"name": name, "options": options or {}, "limits": asdict(limits)}
        (folder / TASK).write_text(json.dumps(task), encoding="utf-8")
        code = _wait(folder, limits)
        result = report(folder, code)
        if "error" in result:
            raise _error(str(result["error"]), str(result.get("detail", "")))
        outputs = (folder / OUTPUTS).read_bytes()
    facts = result.get("facts")
    confined = result.get("confined")
    return Done(
        outputs=npy.read(outputs, limit=limits.output),
        facts={**(facts if isinstance(facts, dict) else {}), "confined": confined},
    )


def _wait(folder: Path, limits: Limits) -> int:
    """The process's exit code, negative for a signal; killed with all its threads when its time is up.

    Should this process, or the thread that waits here, be killed meanwhile, the kernel kills that process too.
    """
    environment = {**_ONE_THREAD, "HOME": str(folder), "TMPDIR": str(folder), "PATH": ""}
    given = (str(_PACKAGES), str(folder), str(os.getpid()))
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, "-I", "-B", "-X", "utf8", "-W", "ignore", "-c", _START, *given],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=limits.seconds)
    except subprocess.TimeoutExpired as error:
        raise Stopped("time", f"{limits.seconds:g} seconds") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def report(folder: Path, code: int) -> dict[str, Any]:
    """What the process says, or why it said nothing."""
    path = folder / RESULT
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Stopped("time", "its processor time")
    if code != 0 or not path.exists():
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise Stopped(FAILED, f"the process died ({name})")
    if path.stat().st_size > _MOST_RESULT:
        raise Stopped(FAILED, "its report is out of proportion")
    try:
        result = json.loads(path.read_bytes())
    except ValueError as error:
        raise Stopped(FAILED, "its report is not JSON") from error
    if not isinstance(result, dict):
        raise Stopped(FAILED, "its report is not an object")
    return result


def _error(name: str, detail: str) -> Exception:
    """The error that the process reports."""
    kind: type[Exception] | None = _SAID.get(name)
    if kind is not None:
        return kind(detail)
    return Stopped(name if name in (MISSING, MEMORY) else FAILED, detail)
