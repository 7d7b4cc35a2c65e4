"""Models told by their bytes; formats that are refused, each with the way to convert it."""

import bz2
import gzip
import io
import lzma
import pickle
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from api.suspects.errors import ModelError, ModelMalformed, ModelTooLarge, ModelUnfit, ModelUnknownFormat, ModelUnsafe
from api.suspects.models.foreign import FOREIGN
from api.suspects.models.model import Model
from api.suspects.models.recognise import MODELS, looks_like_onnx, recognise

STATE = {"fc.weight": torch.ones(2, 3)}


def _torch(**options: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(STATE, buffer, **options)
    return buffer.getvalue()


def _tar(data: bytes) -> bytes:
    import tarfile  # noqa: PLC0415 - only here

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as made:
        made.addfile(tarfile.TarInfo("pickle"), io.BytesIO(data))
    return buffer.getvalue()


def _exported() -> bytes:
    buffer = io.BytesIO()
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.ones(1, 3),)), buffer)
    return buffer.getvalue()


def _script() -> bytes:
    buffer = io.BytesIO()
    with pytest.warns(DeprecationWarning, match="jit"):
        torch.jit.save(torch.jit.script(nn.Linear(3, 2)), buffer)
    return buffer.getvalue()


WRITERS = {
    "TorchScript": [_script],
    "a torch.export program (.pt2)": [_exported],
    "a Keras model (.keras)": [],
    "a torch file (.pt, .pth, .bin), a pickle inside": [_torch],
    "a Python pickle (or joblib's)": [
        *(lambda protocol=protocol: pickle.dumps({"a": [1.0, (2,)]}, protocol=protocol) for protocol in range(6)),
        lambda: _torch(_use_new_zipfile_serialization=False),
    ],
    "a compressed file, as joblib writes them": [
        *(lambda pack=pack: pack(pickle.dumps([1.0])) for pack in (gzip.compress, bz2.compress, lzma.compress)),
        *(lambda level=level: zlib.compress(pickle.dumps([1.0]), level) for level in (1, 5, 6, 9)),
    ],
    "an HDF5 file (.h5, as Keras writes them)": [lambda: b"\x89HDF\r\n\x1a\n" + bytes(100)],
    "a tar archive, as old torch files are": [lambda: _tar(b"")],
    "a TensorFlow Lite model": [lambda: b"\x1c\x00\x00\x00TFL3" + bytes(100)],
    "a GGUF model": [lambda: b"GGUF\x03\x00\x00\x00" + bytes(100)],
}


def test_every_refused_format_has_a_writer_here():
    """A new row enters this suite or fails it."""
    assert [form.name for form in FOREIGN] == list(WRITERS)


@pytest.mark.parametrize("form", FOREIGN, ids=lambda form: form.name)
def test_a_refused_format_is_named_and_the_way_is_said(make, form):
    """Files as their own libraries write them, where those are at hand."""
    keras = make.archive(config_json=b"{}", metadata_json=b"{}", model_weights_h5=b"")
    files = [write() for write in WRITERS[form.name]] or [keras]
    for data in files:
        with pytest.raises(ModelUnsafe if form.unsafe else ModelUnknownFormat) as caught:
            recognise(data)
        assert form.name in str(caught.value)
        assert form.way in str(caught.value)


@pytest.mark.parametrize("form", MODELS, ids=lambda form: form.name)
def test_a_model_is_recognised_whatever_its_name(make, form):
    """By its bytes."""
    assert recognise(make.models[form.name]) is form


def test_onnx_is_told_from_noise(make):
    """Protobuf has no magic number: every field must be one of a model's, to the last byte."""
    whole = make.models["onnx"]
    assert looks_like_onnx(whole)
    for data in (whole[:-1], whole + b"\x00", b"", b"\x08\x09", b"\x0a\x00", b"\xff" * 30, whole[2:] + b"\x80"):
        assert not looks_like_onnx(data)


@given(data=st.binary(max_size=300))
def test_no_bytes_escape_the_error_tree(data):
    """Whatever the bytes are, they are recognised or refused."""
    for head in (b"", b"PK\x03\x04", b"\x80\x04", b"\x08\x09\x3a", b"\x10\0\0\0\0\0\0\0{"):
        try:
            recognise(head + data)
        except ModelError as error:
            assert str(error)  # noqa: PT017 - a format may as well be recognised


def test_archives_that_are_none_are_refused(make):
    """Damaged, or listing more entries than any model has."""
    for data in (b"PK\x03\x04", make.models["skops"][:-30], b""):
        with pytest.raises(ModelMalformed):
            recognise(data)
    whole = bytearray(make.models["skops"])
    at = whole.rfind(b"PK\x05\x06")
    whole[at + 12 : at + 16] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(ModelTooLarge):
        recognise(bytes(whole))


def test_a_model_too_large_or_without_architecture_is_refused(make):
    """Before it is parsed."""
    with pytest.raises(ModelTooLarge, match="at most 10"):
        Model.of(make.models["onnx"], most=10)
    with pytest.raises(ModelUnfit, match="--architecture"):
        Model.of(make.models["safetensors"])
    with pytest.raises(ModelMalformed, match="architecture"):
        Model.of(make.models["safetensors"], architecture=b"{}")
    with pytest.raises(ModelUnknownFormat, match="onnx, skops, safetensors"):
        Model.of(np.ones(4).tobytes())
