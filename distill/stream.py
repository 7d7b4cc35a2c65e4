"""Minting by the hundred thousand: codewords in, files out, one at a time.

A copy's file differs from the base's file in the bytes of a few tensors only. So the base is written once as a
template, the head changes of a block of devices come from one matrix product, and each file is the template with its
own bytes put in. The bytes equal `artefact.to_bytes(mint(...))`, by exact arithmetic (`fingerprint.minting`).
"""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from torch import nn

from distill import artefact, heads
from distill.errors import FeaturesNotFound, ShapeError
from fingerprint.kit import SigningKit
from fingerprint.minting import HeadChanges, head_changes
from fingerprint.weights import WeightsPack, carriers

_LENGTH = 8  # bytes in front of a safetensors header
_BLOCK = 256
Codeword = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class _Slot:
    """Where a tensor lies in the template, its own values, and what each bit of a codeword adds to it."""

    begin: int
    end: int
    values: NDArray[np.float32]
    bits: NDArray[np.int64] | None
    steps: NDArray[np.float32] | None


@dataclass(frozen=True, kw_only=True)
class Press:
    """Everything that the copies of one release have in common. Build it with `press`.

    Attributes:
        template: the base's file.
        changes: of the last layer.
        slots: every tensor that differs between copies, by name.
        head: name of the last layer.
    """

    template: bytes
    changes: HeadChanges
    slots: dict[str, _Slot]
    head: str

    def copies(self, codewords: Iterable[Codeword]) -> Iterator[bytes]:
        """The file of each codeword, in order, as safetensors.

        Raises:
            fingerprint.errors.ParameterError: not a codeword of this release.
        """
        waiting = iter(codewords)
        while block := list(islice(waiting, _BLOCK)):
            words = np.stack(block)
            for codeword, change in zip(words, self.changes(words), strict=True):
                yield self._file(codeword, change)

    def _file(self, codeword: Codeword, change: NDArray[np.float64]) -> bytes:
        data, signs = bytearray(self.template), codeword.astype(np.float32)
        moved = {f"{self.head}.weight": change[:, :-1], f"{self.head}.bias": change[:, -1]}
        for name, slot in self.slots.items():
            values = slot.values
            if name in moved:
                values = (values + moved[name].reshape(values.shape)).astype(np.float32)
            if slot.bits is not None and slot.steps is not None:
                values = values + slot.steps * np.take(signs, slot.bits)
            data[slot.begin : slot.end] = values.tobytes()
        return bytes(data)


def press(base: nn.Module, kit: SigningKit, *, head: str, weights: WeightsPack | None = None) -> Press:
    """Prepare to mint many copies of one base.

    Args:
        base: clean student, float32.
        kit: of the release.
        head: name of the last layer.
        weights: to sign all layers besides (`distill.weights`).

    Raises:
        FeaturesNotFound: no such module, one that cannot be minted, or of another shape than the kit's.
        ShapeError: a weights pack of another base, or a last layer that is not float32.
        fingerprint.errors.ParameterError: the release cannot mint.
    """
    layer, changes = heads.find_head(base, head), head_changes(kit)
    if (kit.classes, changes.gain.shape[1] - 1) != tuple(layer.weight.flatten(1).shape):
        raise FeaturesNotFound(f"{head!r} of shape {tuple(layer.weight.shape)} does not fit the release's kit")
    untied = copy.deepcopy(base)
    heads.untie(untied, head)
    template = artefact.to_bytes(untied)
    names = [f"{head}.weight", f"{head}.bias"] if layer.bias is not None else [f"{head}.weight"]
    signed = weights.signed if weights else {}
    slots = {name: _slot(template, name, weights) for name in dict.fromkeys([*names, *signed])}
    return Press(template=template, changes=changes, slots=slots, head=head)


def _slot(template: bytes, name: str, weights: WeightsPack | None) -> _Slot:
    length = int.from_bytes(template[:_LENGTH], "little")
    entry = json.loads(template[_LENGTH : _LENGTH + length]).get(name)
    if entry is None or entry["dtype"] != "F32":
        raise ShapeError(f"the base has no float32 tensor {name!r}; mint its copies with a base in float32")
    begin, end = (_LENGTH + length + offset for offset in entry["data_offsets"])
    values = np.frombuffer(template[begin:end], dtype="<f4").reshape(entry["shape"])
    bits = steps = None
    if weights and name in weights.signed:
        if weights.base[name].shape != values.shape:
            raise ShapeError(f"the weights pack's {name!r} has another shape; it is of another base")
        bits, signs = carriers.draw(weights.carrier_key, name, count=values.size, bits=weights.bits)
        bits = bits.reshape(values.shape)
        steps = (np.float32(weights.strength * weights.signed[name]) * signs).reshape(values.shape)
    return _Slot(begin=begin, end=end, values=values, bits=bits, steps=steps)
