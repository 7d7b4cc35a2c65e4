"""The process: confine itself, do one task, leave `outputs.npy` and `result.json` in its folder.

It is started as `python -I -c ... PACKAGES FOLDER PARENT` by `host`, ends with that process, and reads `task.json`,
`suspect` and, for models, `probes.npy` in its folder. Only tasks of the table are done.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import AnswersError, ModelError
from api.suspects.sandbox.confine import Limits, confine, end_with

TASK, SUSPECT, PROBES, OUTPUTS, RESULT = "task.json", "suspect", "probes.npy", "outputs.npy", "result.json"
TASKS = {
    "parquet": "api.suspects.tables.parquet",
    "arrow": "api.suspects.tables.arrow_ipc",
    "onnx": "api.suspects.models.onnx_model",
    "safetensors": "api.suspects.models.layered",
    "skops": "api.suspects.models.skops_model",
}
Done = tuple[NDArray[Any], dict[str, Any]]
Task = Callable[[bytes, NDArray[Any] | None, dict[str, Any]], Done]
MISSING, MEMORY, FAILED = "missing", "memory", "failed"
_LONG = 2000


def main(packages: Path, folder: Path) -> None:
    """One task, in this process."""
    task = json.loads((folder / TASK).read_bytes())
    confined = confine(Limits(**task["limits"]), folder=folder, packages=packages)
    try:
        result: dict[str, Any] = {"facts": _run(task, folder), "confined": confined.record()}
    except (AnswersError, ModelError) as error:
        result = {"error": type(error).__name__, "detail": str(error)[:_LONG]}
    except ModuleNotFoundError as error:
        result = {"error": MISSING, "detail": str(error.name)}
    except MemoryError:
        result = {"error": MEMORY, "detail": ""}
    except Exception as error:  # noqa: BLE001 - whatever a library says about a foreign file is said on
        result = {"error": FAILED, "detail": f"{type(error).__name__}: {error}"[:_LONG]}
    (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")


def _run(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    run: Task = import_module(TASKS[task["name"]]).run
    probes = np.load(folder / PROBES, allow_pickle=False) if (folder / PROBES).exists() else None
    answers, facts = run((folder / SUSPECT).read_bytes(), probes, task["options"])
    np.save(folder / OUTPUTS, np.ascontiguousarray(answers), allow_pickle=False)
    return facts


def start() -> NoReturn:
    """Entry point of the process."""
    end_with(int(sys.argv[3]))
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.exit(0)
