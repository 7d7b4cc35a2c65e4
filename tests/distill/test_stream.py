"""Minting by the hundred thousand."""

import copy
import dataclasses

import numpy as np
import pytest
from torch import nn

from distill import artefact
from distill.errors import FeaturesNotFound, ShapeError
from distill.mint import mint
from distill.stream import press
from distill.weights import prepare_weights, sign_weights
from fingerprint.errors import ParameterError
from fingerprint.kit import SigningKit


def words(task, count: int) -> np.ndarray:
    """Codewords of the first devices."""
    return np.stack([task.codeword(device) for device in range(1, count + 1)])


def test_files_are_those_of_minting_one_by_one(task):
    """Byte for byte, across the border of a block, and again from the kit's file."""
    prepared, many = task.prepared, np.tile(words(task, 5), (60, 1))
    streamed = list(press(prepared.base, prepared.kit, head="head").copies(many))
    again = press(prepared.base, SigningKit.from_bytes(prepared.kit.to_bytes()), head="head").copies(iter(many[:3]))
    assert len(streamed) == 300
    slow = [artefact.to_bytes(mint(prepared.base, prepared.kit, word, head="head")) for word in many[:5]]
    assert all(file == slow[number % 5] for number, file in enumerate(streamed))
    assert list(again) == slow[:3]


def test_weights_are_signed_in_the_stream(task):
    """With a weights pack the files are those of signing every minted copy by itself."""
    prepared = task.prepared
    pack = prepare_weights(prepared.base, prepared.kit)
    machine = press(prepared.base, prepared.kit, head="head", weights=pack)
    for word, file in zip(words(task, 3), machine.copies(words(task, 3)), strict=True):
        slow = sign_weights(mint(prepared.base, prepared.kit, word, head="head"), pack, word)
        assert file == artefact.to_bytes(slow)


def test_a_copy_loads_into_the_architecture(task):
    """A streamed file is a safetensors state dict of the base's class."""
    prepared = task.prepared
    (file,) = press(prepared.base, prepared.kit, head="head").copies(words(task, 1))
    model = copy.deepcopy(prepared.base)
    artefact.load_into(model, file)
    assert artefact.to_bytes(model) == file


def test_no_devices_give_no_files(task):
    """An empty stream ends at once."""
    assert list(press(task.prepared.base, task.prepared.kit, head="head").copies([])) == []


def test_what_cannot_be_pressed_is_refused(task):
    """Another shape, another type, another base's weights and other codewords are different errors."""
    prepared = task.prepared
    with pytest.raises(FeaturesNotFound):
        press(nn.Sequential(nn.Linear(3, 4)), prepared.kit, head="0")
    with pytest.raises(ShapeError):
        press(copy.deepcopy(prepared.base).double(), prepared.kit, head="head")
    with pytest.raises(ParameterError):
        press(prepared.base, dataclasses.replace(prepared.kit, minting=None), head="head")
    with pytest.raises(ParameterError):
        list(press(prepared.base, prepared.kit, head="head").copies(np.zeros((1, prepared.kit.bits))))
    other = nn.Sequential(nn.Linear(6, 7), nn.Linear(7, 4))
    with pytest.raises(ShapeError):
        press(prepared.base, prepared.kit, head="head", weights=prepare_weights(other, prepared.kit))
