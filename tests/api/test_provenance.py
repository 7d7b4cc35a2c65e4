"""Provenance in the files of copies: read back as written, and no byte of a tensor touched."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import save as save_safetensors

from api import provenance
from api.artefacts import ArtefactError
from api.state_dicts import split

FIELDS = {"copy": "0" * 32, "release": "sha256:" + "1" * 64, "method": "distilled"}


def safetensors_file() -> bytes:
    """A state dict with metadata of its own."""
    tensors = {"fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "half": np.ones(3, np.float16)}
    return save_safetensors(tensors, metadata={"made by": "a test"})


def onnx_file() -> bytes:
    """A model z = W x, with metadata of its own."""
    weight = helper.make_tensor("W", TensorProto.FLOAT, [3, 2], np.arange(6, dtype=np.float32))
    shapes = {"x": [1, 3], "z": [1, 2]}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "W"], ["z"])], "g", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph)
    model.metadata_props.add(key="made by", value="a test")
    return model.SerializeToString()


@pytest.mark.parametrize("make", [safetensors_file, onnx_file])
def test_what_is_written_is_read(make):
    """In either format; a second provenance is refused, and so is reading where there is none."""
    written = provenance.write(make(), FIELDS)
    assert provenance.read(written) == FIELDS
    assert provenance.write(make(), FIELDS) == written
    with pytest.raises(ArtefactError, match="already"):
        provenance.write(written, FIELDS)
    with pytest.raises(ArtefactError, match="not issued by countermark"):
        provenance.read(make())


def test_safetensors_keep_their_tensors_and_metadata():
    """The body is the same bytes; the header gains one entry of metadata."""
    (before, body), (after, same) = split(safetensors_file()), split(provenance.write(safetensors_file(), FIELDS))
    assert bytes(body) == bytes(same)
    assert after.pop("__metadata__").keys() == {"made by", provenance.KEY}
    before.pop("__metadata__")
    assert before == after


def test_onnx_keeps_every_byte():
    """The file goes on where it ended; the model is valid, and the same but for its metadata."""
    file = onnx_file()
    written = provenance.write(file, FIELDS)
    assert written.startswith(file)
    model = onnx.load_model_from_string(written)
    onnx.checker.check_model(model)
    assert [entry.key for entry in model.metadata_props] == ["made by", provenance.KEY]
    assert model.graph == onnx.load_model_from_string(file).graph


@pytest.mark.parametrize("file", [b"", b"nonsense", b"\x00" * 64, safetensors_file()[:-1], onnx_file()[:20]])
def test_other_files_are_refused(file):
    """Neither format, or truncated."""
    with pytest.raises(ArtefactError):
        provenance.write(file, FIELDS)
