"""Small models in every format, all of them the same linear model; and a model behind an address."""

import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import skops.io
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save
from sklearn.linear_model import LogisticRegression

from tests.api.suspects.suspect_server import Suspect, outbound_of
from tests.loopback import serving

DRAW = np.random.default_rng(5)
WEIGHT = DRAW.normal(size=(4, 6)).astype(np.float32)
BIAS = DRAW.normal(size=4).astype(np.float32)
PROBES = DRAW.normal(size=(9, 6)).astype(np.float32)
ARCHITECTURE = json.dumps({"input": [6], "layers": [{"linear": "fc", "out": 4}]}).encode()


def graph(
    nodes, *, inputs=(("x", ["n", 6]),), outputs=(("y", None),), tensors=(), opset=17, domains=(), **more
) -> bytes:
    """An ONNX model of nodes."""
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        list(tensors),
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in domains)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9, **more).SerializeToString()


def linear(**options: object) -> bytes:
    """The linear model as ONNX."""
    tensors = [numpy_helper.from_array(WEIGHT.T.copy(), "W"), numpy_helper.from_array(BIAS, "b")]
    return graph([helper.make_node("Gemm", ["x", "W", "b"], ["y"])], tensors=tensors, **options)


def endless(**options: object) -> bytes:
    """A loop without end, as ONNX."""
    state = helper.make_tensor_value_info("v", TensorProto.FLOAT, None)
    flags = [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("c", "co")]
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["co"]), helper.make_node("Identity", ["v"], ["vo"])],
        "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), flags[0], state],
        [flags[1], helper.make_tensor_value_info("vo", TensorProto.FLOAT, None)],
    )
    true = numpy_helper.from_array(np.array(True), "true")
    return graph([helper.make_node("Loop", ["", "true", "x"], ["y"], body=body)], tensors=[true], **options)


def greedy(**options: object) -> bytes:
    """Terabytes out of one small constant, as ONNX."""
    sizes = numpy_helper.from_array(np.array([10**6, 10**6, 1, 1]), "sizes")
    return graph([helper.make_node("Expand", ["x", "sizes"], ["y"])], tensors=[sizes], **options)


def estimator() -> LogisticRegression:
    """The linear model as an estimator: its probabilities are the softmax of the logits."""
    made = LogisticRegression()
    made.classes_, made.coef_, made.intercept_ = np.arange(4), WEIGHT.astype(float), BIAS.astype(float)
    made.n_features_in_ = 6
    return made


def archive(**entries: bytes) -> bytes:
    """A zip archive; a double underscore stands for a slash, a single one for a point."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in entries.items():
            made.writestr(name.replace("__", "/").replace("_", "."), data)
    return buffer.getvalue()


MODELS = {
    "onnx": linear(),
    "safetensors": save({"fc.weight": WEIGHT, "fc.bias": BIAS}),
    "skops": skops.io.dumps(estimator()),
}


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """All of the above, for tests in other files."""
    return SimpleNamespace(
        graph=graph,
        linear=linear,
        endless=endless,
        greedy=greedy,
        estimator=estimator,
        archive=archive,
        models=MODELS,
        weight=WEIGHT,
        bias=BIAS,
        probes=PROBES,
        logits=PROBES @ WEIGHT.T + BIAS,
        architecture=ARCHITECTURE,
    )


@pytest.fixture
def suspect():
    """A running suspect."""
    server = Suspect()
    server.handle_error = lambda *args: None  # whoever is cut off in the middle of an endless answer
    with serving(server):
        yield server


@pytest.fixture
def outbound():
    """A client that may call this machine."""
    client = outbound_of()
    yield client
    client.close()
