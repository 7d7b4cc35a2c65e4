"""scikit-learn estimators in skops files. Runs in the sandbox only; needs the extra `sklearn`.

skops rebuilds objects from a schema and arrays instead of unpickling them; a file may still name any function or class.
Every type that neither skops nor `TRUSTED` trusts is refused, by name; no caller can trust one. Trees are among them:
compiled code follows the indices in them unchecked.
"""

import io
import zipfile
from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray

from api.suspects.errors import ModelMalformed, ModelTooLarge, ModelUnfit, ModelUnsafe
from api.suspects.models.fitting import batched

_ANSWERS = ("predict_proba", "decision_function", "predict_log_proba", "predict")
_MOST_ENTRIES, _MOST_RATIO, _MOST_UNPACKED = 10_000, 1_000, 1 << 30
_LISTED = 12
TRUSTED = tuple(f"sklearn.neural_network._stochastic_optimizers.{name}Optimizer" for name in ("Adam", "SGD"))
"""Trusted beyond skops' own list: plain numbers, which an MLP keeps from its training and never asks again."""


def run(data: bytes, probes: NDArray[Any] | None, options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """The estimator's answers to the probes, flattened to (n, features), and how they were asked for.

    Raises:
        ModelError: one of its kinds.
    """
    _check_archive(data)
    estimator = _load(data)
    method = _method(estimator, options.get("output"))
    asked = np.asarray(probes).reshape(len(np.asarray(probes)), -1)
    wanted = getattr(estimator, "n_features_in_", asked.shape[1])
    if wanted != asked.shape[1]:
        raise ModelUnfit(
            f"the estimator takes {wanted} features, and a probe has {asked.shape[1]}; is it this release's?"
        )
    answers = batched(asked, getattr(estimator, method), size=max(int(options["batch"]), len(asked)))
    kind = type(estimator)
    facts = {"estimator": f"{kind.__module__}.{kind.__qualname__}", "method": method}
    return _columns(answers, estimator, method), facts


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:  # zipfile's own
        raise ModelMalformed(f"the skops file is truncated or damaged ({error}); save it again") from error
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > min(_MOST_UNPACKED, _MOST_RATIO * max(len(data), 1)):
        raise ModelTooLarge(f"the skops file unpacks {len(data)} bytes to {len(entries)} entries of {unpacked} bytes")


def _load(data: bytes) -> Any:
    try:
        untrusted = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
    except MemoryError:
        raise
    except Exception as error:  # a schema is foreign text; whatever it breaks is its fault
        raise ModelMalformed(f"the skops file's schema makes no sense ({_said(error)}); save it again") from error
    if untrusted:
        more = f" and {len(untrusted) - _LISTED} more" if len(untrusted) > _LISTED else ""
        listed = ", ".join(untrusted[:_LISTED])
        raise ModelUnsafe(f"the skops file holds types that are not trusted: {listed}{more}; save an estimator that is"
                          " made of scikit-learn's own types, or send its answers")  # fmt: skip
    try:
        return skops.io.loads(data, trusted=list(TRUSTED))
    except MemoryError:
        raise
    except Exception as error:
        raise ModelMalformed(f"the skops file cannot be loaded ({_said(error)}); save it again") from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _method(estimator: Any, wanted: str | None) -> str:
    found = [name for name in _ANSWERS if callable(getattr(estimator, name, None))]
    if wanted is not None and wanted not in found:
        raise ModelUnfit(f"the estimator has no {wanted!r}; choose one of {', '.join(found) or 'none'} with --output")
    if not found:
        raise ModelUnfit(f"{type(estimator).__name__} answers no question: it has none of {', '.join(_ANSWERS)}")
    return wanted or found[0]


def _columns(answers: NDArray[Any], estimator: Any, method: str) -> NDArray[Any]:
    """Answers with the classes in their order: column c is class c where classes are whole numbers."""
    classes = getattr(estimator, "classes_", None)
    known = None if classes is None else np.asarray(classes)
    if known is None or known.dtype.kind in "iu":
        return answers
    if method == "predict":
        return np.searchsorted(known, answers)
    return answers
