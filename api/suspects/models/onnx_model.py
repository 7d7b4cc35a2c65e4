"""ONNX models, run by onnxruntime on one thread. Runs in the sandbox only; needs the extra `onnx`.

1. `onnx_graph.load`: no external data, ONNX's own operators only.
2. The one input and the one output are chosen; probes are fitted to the input's declared shape and type.
3. Probes are put to the model some at a time; a fixed first axis is the size of the batch.
"""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from api.suspects.errors import ModelFailed, ModelMalformed, ModelUnfit
from api.suspects.models import onnx_graph
from api.suspects.models.fitting import batched, fitted

_TYPES = {
    "tensor(float)": "f4", "tensor(double)": "f8", "tensor(float16)": "f2", "tensor(int64)": "i8",
    "tensor(int32)": "i4", "tensor(uint8)": "u1",
}  # fmt: skip
_MEMORY = ("bad_alloc", "Failed to allocate memory", "allocation")
_FATAL = 4  # the runtime's log level for nothing but the end


def run(data: bytes, probes: NDArray[Any] | None, options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """The model's answers to the probes, and what it says about itself.

    Raises:
        ModelError: one of its kinds.
        MemoryError: the runtime could not get the memory that the model asks for.
    """
    model = onnx_graph.load(data)
    session = _session(data)
    name, output = _input(session), _output(session, options.get("output"))
    dtype, (first, *rest) = _TYPES.get(name.type), name.shape
    if dtype is None:
        raise ModelUnfit(f"the input {name.name!r} has type {name.type}; probes are numbers, as {', '.join(_TYPES)}")
    inputs = fitted(np.asarray(probes), [size if isinstance(size, int) else None for size in rest])
    fixed = first if isinstance(first, int) else None

    def ask(batch: NDArray[Any]) -> NDArray[Any]:
        return _numbers(_guarded(lambda: session.run([output], {name.name: batch.astype(dtype)})[0]), output)

    answers = batched(inputs, ask, size=fixed or int(options["batch"]), exact=fixed is not None)
    return answers, {**onnx_graph.facts(model), "input": name.name, "output": output}


def _session(data: bytes) -> onnxruntime.InferenceSession:
    choices = onnxruntime.SessionOptions()
    choices.intra_op_num_threads = choices.inter_op_num_threads = 1
    choices.log_severity_level = _FATAL
    return _guarded(lambda: onnxruntime.InferenceSession(data, choices, providers=["CPUExecutionProvider"]))


def _guarded(work: Any) -> Any:
    """The runtime's errors, which share no root, as ours."""
    try:
        return work()
    except MemoryError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if any(sign in text for sign in _MEMORY):
            raise MemoryError(text) from error
        raise ModelFailed(f"onnxruntime {onnxruntime.__version__} does not run the model: {text[:500]}") from error


def _input(session: onnxruntime.InferenceSession) -> Any:
    inputs = session.get_inputs()
    if len(inputs) != 1 or not inputs[0].shape:
        names = ", ".join(repr(one.name) for one in inputs[:8])
        raise ModelUnfit(f"the model takes the inputs {names or 'none'}; probes go into one input with a first axis")
    return inputs[0]


def _output(session: onnxruntime.InferenceSession, wanted: str | None) -> str:
    names = [one.name for one in session.get_outputs()]
    if wanted in names or (wanted is None and len(names) == 1):
        return str(wanted or names[0])
    raise ModelUnfit(f"the model gives the outputs {', '.join(map(repr, names[:8]))}; choose one with --output")


def _numbers(answers: Any, output: str) -> NDArray[Any]:
    """A tensor, or scikit-learn's list of one map from class number to probability for each probe."""
    if isinstance(answers, list) and answers and all(isinstance(one, dict) for one in answers):
        keys = sorted(answers[0])
        if any(sorted(one) != keys for one in answers):
            raise ModelMalformed(f"the output {output!r} reports different classes for different probes")
        answers = [[one[key] for key in keys] for one in answers]
    array = np.asarray(answers)
    if array.dtype.kind not in "fiub":
        raise ModelUnfit(f"the output {output!r} holds {array.dtype}; choose one of numbers with --output")
    return array
