"""Hostile models: external data, custom operators, endless loops, absurd constants, untrusted types, other formats."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import skops.io
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.hostile.case import Hostile, model
from benchmarks.hostile.files import archive, tensors
from benchmarks.hostile.world import CLASSES, FEATURES

ARCHITECTURE = {"input": [FEATURES], "layers": [{"linear": "fc", "out": CLASSES}]}
_BAD = ("model-malformed", "model-unfit", "model-failed", "model-unknown-format", "model-too-large", "model-too-costly")
_TRUE = numpy_helper.from_array(np.array(True), "true")
_COSTLY = ("model-too-costly", "model-failed")


def graph(nodes: list[Any], *, tensors: tuple[Any, ...] = (), domains: tuple[str, ...] = (), **more: Any) -> bytes:
    """An ONNX model from x (n, features) to y."""
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", more.pop("features", FEATURES)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        list(tensors),
    )
    opsets = [helper.make_opsetid("", more.pop("opset", 17)), *(helper.make_opsetid(name, 1) for name in domains)]
    data: bytes = helper.make_model(made, opset_imports=opsets, ir_version=9, **more).SerializeToString()
    return data


def _constant(name: str, values: Any) -> Any:
    return numpy_helper.from_array(np.array(values), name)


def _external(**fields: str) -> Any:
    tensor = numpy_helper.from_array(np.ones((FEATURES, CLASSES), np.float32), "W")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in fields.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return tensor


def _branch(node: Any) -> Any:
    inner = helper.make_graph([node], "inner", [], [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)])
    return helper.make_node("If", ["true"], ["y"], then_branch=inner, else_branch=inner)


def _loop(*body: Any) -> bytes:
    """A loop without end over a body from v to w."""
    infos = {name: helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("c", "co")}
    inner = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["co"]), *body],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            infos["c"],
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [infos["co"], helper.make_tensor_value_info("w", TensorProto.FLOAT, None)],
    )
    return graph([helper.make_node("Loop", ["", "true", "x"], ["y"], body=inner)], tensors=(_TRUE,))


def onnx_models() -> Iterator[Hostile]:
    """Hostile ONNX."""
    product = helper.make_node("MatMul", ["x", "W"], ["y"])
    for where in (
        "weights.bin",
        "../../../../etc/passwd",
        "/proc/self/environ",
        "kek.key",
        "\\\\host\\share",
        "http://a/",
    ):
        data = graph([product], tensors=(_external(location=where),))
        yield model("onnx", f"external data in {where}", data, "model-unsafe")
    yield model("onnx", "external data without a place", graph([product], tensors=(_external(),)), "model-unsafe")
    far = _external(location="w", offset="99999999999", length="99999999999")
    yield model("onnx", "external data of 100 GB", graph([product], tensors=(far,)), "model-unsafe")
    hidden = helper.make_node("Constant", [], ["out"], value=_external(location="/etc/passwd"))
    yield model("onnx", "external data in a branch", graph([_branch(hidden)], tensors=(_TRUE,)), "model-unsafe")
    for domain in ("com.microsoft", "ai.onnx.contrib", "org.evil"):
        node = helper.make_node("Run", ["x"], ["y"], domain=domain)
        yield model("onnx", f"an operator of {domain}", graph([node], domains=(domain,)), "model-unsafe")
    inner = _branch(helper.make_node("Run", [], ["out"], domain="org.evil"))
    yield model(
        "onnx", "such an operator in a branch", graph([inner], tensors=(_TRUE,), domains=("org.evil",)), "model-unsafe"
    )
    yield model("onnx", "a loop without end", _loop(helper.make_node("Identity", ["v"], ["w"])), *_COSTLY)
    yield model("onnx", "a loop that doubles", _loop(helper.make_node("Concat", ["v", "v"], ["w"], axis=0)), *_COSTLY)
    for name, shape in (("terabytes", [10**6, 10**6, 1, FEATURES]), ("more than 64 bits", [2**40, 2**40, 1, FEATURES])):
        expand = graph([helper.make_node("Expand", ["x", "s"], ["y"])], tensors=(_constant("s", shape),))
        yield model("onnx", f"an expansion to {name}", expand, *_COSTLY)
    filled = helper.make_node("ConstantOfShape", ["s"], ["y"])
    yield model("onnx", "a constant of terabytes", graph([filled], tensors=(_constant("s", [10**6, 10**6]),)), *_COSTLY)
    tile = helper.make_node("Tile", ["x", "s"], ["y"])
    yield model("onnx", "tiles of terabytes", graph([tile], tensors=(_constant("s", [10**6, 10**6]),)), *_COSTLY)
    lying = numpy_helper.from_array(np.ones(4, np.float32), "W")
    lying.dims[:] = [1 << 40, 1 << 20]
    yield model("onnx", "a tensor with a false shape", graph([product], tensors=(lying,)), *_BAD)
    less = numpy_helper.from_array(np.ones(4, np.float32), "W")
    less.dims[:] = [-1]
    yield model("onnx", "a tensor with a negative shape", graph([product], tensors=(less,)), *_BAD)
    yield model("onnx", "a cycle", graph([helper.make_node("Add", ["x", "y"], ["y"])]), *_BAD)
    yield model("onnx", "an unknown operator", graph([helper.make_node("NoSuch", ["x"], ["y"])]), *_BAD)
    yield model("onnx", "another opset", graph([helper.make_node("Relu", ["x"], ["y"])], opset=9999), *_BAD)
    yield model("onnx", "another input", graph([helper.make_node("Relu", ["x"], ["y"])], features=FEATURES + 1), *_BAD)
    total = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)
    yield model("onnx", "one answer to all probes", graph([total]), *_BAD)
    good = graph([helper.make_node("Relu", ["x"], ["y"])])
    yield model("onnx", "cut", good[: len(good) // 2], *_BAD)
    node = helper.make_node("Constant", [], ["out"], value=_TRUE)
    for _ in range(20):
        inner = helper.make_graph([node], "inner", [], [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)])
        node = helper.make_node("If", ["true"], ["out"], then_branch=inner)  # one branch: two would double the file
    yield model("onnx", "branches 20 deep", graph([node], tensors=(_TRUE,)), *_BAD)
    names = onnx.load_model_from_string(good)
    names.graph.node[0].name = "\x1b[2J" * 1000
    names.graph.node[0].domain = "\x1b[31mred"
    yield model("onnx", "names that steer a terminal", names.SerializeToString(), "model-unsafe")


def weights() -> Iterator[Hostile]:
    """Hostile safetensors with the architecture `student`."""
    weight, bias = np.ones((CLASSES, FEATURES), np.float32), np.ones(CLASSES, np.float32)
    good = {"fc.weight": weight, "fc.bias": bias}
    entry = {"dtype": "F32", "shape": [CLASSES, FEATURES], "data_offsets": [0, weight.nbytes]}
    other = {"dtype": "F32", "shape": [CLASSES], "data_offsets": [0, 24]}
    lies = {
        "no bias": save({"fc.weight": weight}),
        "a tensor too many": save({**good, "x": bias}),
        "turned": save({**good, "fc.weight": weight.T.copy()}),
        "integers": save({**good, "fc.bias": np.ones(CLASSES, np.int8)}),
        "a shape of exabytes": tensors({"fc.weight": {**entry, "shape": [1 << 60]}, "fc.bias": other}),
        "offsets beyond the end": tensors(
            {"fc.weight": {**entry, "data_offsets": [1 << 40, (1 << 40) + 576]}, "fc.bias": other}
        ),
        "offsets that overlap beyond": tensors({"fc.weight": entry, "fc.bias": other}, bytes(100)),
        "cut": save(good)[:-9],
        "a header of exabytes": b"\xff\xff\xff\xff\xff\xff\xff\x7f{}",
        "a deep header": tensors(b'{"a":' * 100_000),
    }
    for name, data in lies.items():
        yield model("safetensors + architecture", name, data, *_BAD, architecture="student")
    bad = save({**good, "fc.bias": np.full(CLASSES, np.nan, np.float32)})
    yield model("safetensors + architecture", "NaN", bad, "answer-unusable", architecture="student")
    for name in ("nobody", "../kek", "../../etc/passwd", "student.json", "x" * 64):
        yield model(
            "safetensors + architecture", f"the architecture {name[:20]}", save(good), "model-unfit", architecture=name
        )
    yield model("safetensors + architecture", "none", save(good), "model-unfit")


def _shout(values: Any) -> Any:
    return values


def estimators() -> Iterator[Hostile]:
    """Hostile skops files."""
    forest = RandomForestClassifier(n_estimators=2, random_state=1).fit(np.eye(FEATURES), np.arange(FEATURES) % CLASSES)
    yield model(
        "skops", "a function of its own", skops.io.dumps(make_pipeline(FunctionTransformer(_shout))), "model-unsafe"
    )
    yield model("skops", "trees of indices", skops.io.dumps(forest), "model-unsafe")
    scaler = skops.io.dumps(StandardScaler().fit(np.eye(FEATURES)))
    yield model("skops", "nothing that answers", scaler, "model-unfit")
    for module, name in (("os", "system"), ("builtins", "eval"), ("subprocess", "Popen")):
        schema = {
            "__class__": name,
            "__module__": module,
            "__loader__": "TypeNode",
            "__id__": 1,
            "content": name,
            "protocol": 2,
            "_skops_version": "0.16.0",
        }
        yield model(
            "skops", f"the type {module}.{name}", _skops(schema), "model-unsafe", "model-malformed", "model-unfit"
        )
    reduce = {
        "__class__": "system",
        "__module__": "os",
        "__loader__": "ReduceNode",
        "__id__": 1,
        "content": {"__id__": 1},
        "__reduce__": {"args": ["true"]},
        "protocol": 2,
        "_skops_version": "0.16.0",
    }
    yield model("skops", "a call in disguise", _skops(reduce), "model-unsafe", "model-malformed")
    yield model("skops", "a schema 100,000 deep", archive([("schema.json", b'{"a":' * 100_000)]), "model-malformed")
    yield model("skops", "a schema not UTF-8", archive([("schema.json", b"\xff\xfe{")]), "model-malformed")
    yield model(
        "skops",
        "a bomb",
        archive([("schema.json", b"{}"), ("x", bytes(1 << 27))]),
        "model-too-large",
        "model-malformed",
    )
    header = b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,)}     \n"
    array = {
        "__class__": "ndarray",
        "__module__": "numpy",
        "__loader__": "NdArrayNode",
        "__id__": 1,
        "type": "numpy",
        "file": "1.npy",
        "protocol": 2,
        "_skops_version": "0.16.0",
    }
    data = archive([("schema.json", json.dumps(array).encode()), ("1.npy", header)])
    yield model("skops", "an array of terabytes", data, *_BAD)
    yield model("skops", "cut", scaler[: len(scaler) // 2], "model-malformed")


def _skops(schema: dict[str, Any]) -> bytes:
    return archive([("schema.json", json.dumps(schema).encode())])


def foreign() -> Iterator[Hostile]:
    """Formats that run code, or that nobody runs here, by their bytes."""
    pickled = b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    files = {
        "a pickle of protocol 4": pickled,
        "a pickle of protocol 0": b"cos\nsystem\n(S'true'\ntR.",
        "a torch file": archive([("archive/data.pkl", pickled), ("archive/version", b"3\n")]),
        "TorchScript": archive([("m/constants.pkl", pickled), ("m/code/__torch__.py", b"x"), ("m/data.pkl", pickled)]),
        "a torch.export program": archive([("p/serialized_exported_program.json", b"{}"), ("p/weights.pt", pickled)]),
        "a newer torch.export program": archive([("p/archive_format", b"pt2"), ("p/models/model.json", b"{}")]),
        "a Keras model": archive([("config.json", b"{}"), ("metadata.json", b"{}"), ("model.weights.h5", b"")]),
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(200),
        "joblib, packed by zlib": b"x\x9c\x03\x00\x00\x00\x00\x01",
        "joblib, packed by gzip": b"\x1f\x8b\x08\x00" + bytes(40),
        "joblib, packed by xz": b"\xfd7zXZ\x00" + bytes(40),
        "joblib, packed by lz4": b"\x04\x22\x4d\x18" + bytes(40),
        "a tar archive": bytes(257) + b"ustar" + bytes(250),
    }
    for name, data in files.items():
        yield model("refused formats", f"{name} as a model", data, "model-unsafe")
    for name in ("a pickle of protocol 4", "a pickle of protocol 0", "HDF5", "joblib, packed by gzip"):
        from_bytes = files[name]
        yield model(
            "refused formats", f"{name} with an architecture", from_bytes, "model-unsafe", architecture="student"
        )
    for name, data in (
        ("GGUF", b"GGUF\x03" + bytes(60)),
        ("TensorFlow Lite", b"\x1c\0\0\0TFL3" + bytes(60)),
        ("nothing", b""),
        ("noise", np.random.default_rng(3).bytes(500)),
    ):
        yield model("refused formats", name, data, "model-unknown-format", "model-malformed")


def every() -> list[Hostile]:
    """All of them."""
    return [*onnx_models(), *weights(), *estimators(), *foreign()]
