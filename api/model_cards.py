"""Model cards in a bill of materials: the library has no class for `modelCard`, so they go into its JSON afterwards.

| part | from |
|---|---|
| task, inputs, outputs, the probes as a dataset, technical limitations | what the registry committed |
| architecture, transfer and test set, accuracies | what `countermark distil --json` printed, if it is brought along |

What nobody has measured is not in it. Datasets are components of the document by digest, and cards refer to them.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fingerprint.canonical import digest

Fields = dict[str, Any]
_FAMILIES = (("conv", "convolutional neural network"), ("linear", "feed-forward neural network"))
_PREFIX = "sha256:"


class ForeignSummary(Exception):
    """What a distillation printed is about another release, or is no such thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What the registry knows of a release's model.

    Attributes:
        shape: of one input.
        classes: C, number of scores in an answer.
        bits: L, length of a codeword.
        probes: digest of the probe set.
        probe_count: n.
        alpha: declared bound on the probability of naming any innocent device in one case.
    """

    shape: tuple[int, ...]
    classes: int
    bits: int
    probes: str
    probe_count: int
    alpha: float


def with_cards(document: bytes, known: Committed) -> bytes:
    """The document with a card for its release and for each copy, and the probe set as a component."""
    fields: Fields = json.loads(document)
    probes = _dataset(known.probes, f"{known.probe_count} probes that suspects are asked")
    parameters = {
        "task": "classification",
        "datasets": [{"ref": known.probes}],
        "inputs": [{"format": f"float32 array of shape (n, {', '.join(map(str, known.shape))})"}],
        "outputs": [{"format": f"scores of {known.classes} classes, or the best class"}],
    }
    fields.setdefault("components", [])
    for each in (fields["metadata"]["component"], *fields["components"]):
        each["modelCard"] = {
            "modelParameters": json.loads(json.dumps(parameters)),
            "considerations": {"technicalLimitations": _limits(known)},
        }
    fields["components"].append(probes)
    return _render(fields)


def with_measured(document: bytes, summary: bytes) -> bytes:
    """The document with what a distillation measured: architecture, datasets, accuracies of the teacher and of copies.

    Args:
        document: made by `with_cards`.
        summary: what `countermark distil --json` printed.

    Raises:
        ForeignSummary: it is about another release, or no such summary.
    """
    fields: Fields = json.loads(document)
    try:
        said: Fields = json.loads(summary)
        release, layers, data = said["release_id"], [str(word) for word in said["layers"]], dict(said["data"])
        accuracies = {each["digest"]: each.get("accuracy") for each in said["copies"]}
    except (ValueError, TypeError, KeyError) as error:
        raise ForeignSummary("not what `countermark distil --json` prints; run it again") from error
    if release != fields["metadata"]["component"]["version"]:
        raise ForeignSummary(f"the summary is about the release {release}, and the document about another one")
    models = [each for each in fields["components"] if "modelCard" in each]
    for each in (fields["metadata"]["component"], *models):
        each["modelCard"]["modelParameters"] |= _architecture(layers)
        each["modelCard"]["modelParameters"]["datasets"] += [{"ref": found} for found in data.values()]
    fields["components"] += [_dataset(found, f"{name} set") for name, found in data.items()]
    _measure(fields["metadata"]["component"], said.get("teacher_accuracy"), "accuracy of the teacher", data)
    for each in models:
        _measure(each, accuracies.get(_PREFIX + each["hashes"][0]["content"]), "accuracy", data)
    serial = hashlib.sha256((fields["serialNumber"] + digest(summary)).encode()).digest()[:16]
    return _render({**fields, "serialNumber": uuid.UUID(bytes=serial, version=4).urn})


def _measure(component: Fields, accuracy: float | None, what: str, data: Mapping[str, str]) -> None:
    if accuracy is not None:
        metric = {"type": what, "value": repr(accuracy), "slice": data["test"]}
        component["modelCard"]["quantitativeAnalysis"] = {"performanceMetrics": [metric]}


def _architecture(layers: Sequence[str]) -> dict[str, str]:
    families = [family for word, family in _FAMILIES if any(layer.startswith(word) for layer in layers)]
    family = {"architectureFamily": families[0]} if families else {}
    return {**family, "modelArchitecture": ", ".join(layers)}


def _dataset(found: str, name: str) -> Fields:
    return {
        "type": "data",
        "bom-ref": found,
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": found.removeprefix(_PREFIX)}],
        "data": [{"type": "dataset", "name": name}],
    }


def _limits(known: Committed) -> list[str]:
    altered = (
        f"Every copy is altered on purpose: its scores carry a signature of {known.bits} bits, so that no two copies"
        " answer quite alike, nor like the model that they were made from."
    )
    traced = (
        f"A copy is traced by its answers to {known.probe_count} probes that were committed with the release; in one"
        f" case the probability of naming any innocent device is at most {known.alpha:g}, if its assumptions hold."
    )
    unknown = (
        "The registry has not measured robustness, bias or fitness for any use; accuracies are those of whoever"
        " distilled the copies, where there are any."
    )
    return [altered, traced, unknown]


def _render(fields: Fields) -> bytes:
    return json.dumps(fields, indent=2).encode() + b"\n"
