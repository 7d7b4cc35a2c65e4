"""What is checked of an ONNX model before a runtime sees it: no file beside it, no operator that is not ONNX's own.

Every tensor is looked at: initialisers, dense and sparse, constants in attributes, subgraphs of If, Loop and Scan,
local functions, training information. External data lets a model name any file of this machine (CVE-2022-25882,
CVE-2024-27318, CVE-2025-51480).
"""

from collections.abc import Iterator
from typing import Any

import onnx

from api.suspects.errors import ModelMalformed, ModelTooLarge, ModelUnsafe

STANDARD = ("", "ai.onnx", "ai.onnx.ml")
_MOST_NODES, _MOST_DEPTH = 200_000, 16
_OLDEST_OPSET = 7


def load(data: bytes) -> onnx.ModelProto:
    """The model, its external data not loaded.

    Raises:
        ModelMalformed: not a model.
        ModelUnsafe: external data, or operators of another domain.
        ModelTooLarge: more nodes or deeper subgraphs than are run.
    """
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own error, of a class that its releases move about
        raise ModelMalformed(f"the ONNX model cannot be parsed ({error}); export it again") from error
    if not model.HasField("graph") or not model.graph.node:
        raise ModelMalformed("the ONNX model has no graph with a node in it; export it again")
    _check(model)
    return model


def facts(model: onnx.ModelProto) -> dict[str, Any]:
    """What the model says about itself: operator sets, IR version, producer."""
    return {
        "opset": {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        "ir_version": model.ir_version,
        "producer": f"{model.producer_name} {model.producer_version}".strip()[:100],
        "nodes": len(model.graph.node),
    }


def _check(model: onnx.ModelProto) -> None:
    local = {(function.domain, function.name) for function in model.functions}
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if opset < _OLDEST_OPSET:
        raise ModelMalformed(f"the ONNX model declares opset {opset}; export it with opset {_OLDEST_OPSET} or later")
    for count, node in enumerate(_nodes(model)):
        if count >= _MOST_NODES:
            raise ModelTooLarge(f"the ONNX model has more than {_MOST_NODES} nodes")
        if node.domain not in STANDARD and (node.domain, node.op_type) not in local:
            raise ModelUnsafe(f"node {node.name!r} is operator {node.op_type!r} of domain {node.domain!r}: custom"
                              " operators are not run; export the model with ONNX's own operators")  # fmt: skip
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise ModelUnsafe(f"tensor {tensor.name!r} lies in another file, which is not read; save the model in one"
                              " file: onnx.save(model, path, save_as_external_data=False)")  # fmt: skip


def _graphs(model: onnx.ModelProto) -> Iterator[Any]:
    """All graphs and functions, subgraphs included."""
    waiting: list[tuple[Any, int]] = [(model.graph, 0), *((function, 0) for function in model.functions)]
    for training in model.training_info:
        waiting += [(training.initialization, 0), (training.algorithm, 0)]
    while waiting:
        graph, depth = waiting.pop()
        if depth > _MOST_DEPTH:
            raise ModelTooLarge(f"the ONNX model nests subgraphs more than {_MOST_DEPTH} deep")
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                inner = [attribute.g] if attribute.HasField("g") else []
                waiting += [(found, depth + 1) for found in (*inner, *attribute.graphs)]


def _nodes(model: onnx.ModelProto) -> Iterator[Any]:
    return (node for graph in _graphs(model) for node in graph.node)


def _tensors(model: onnx.ModelProto) -> Iterator[Any]:
    for graph in _graphs(model):
        if isinstance(graph, onnx.GraphProto):
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
        defaults = getattr(graph, "attribute_proto", ())
        for attribute in (*(one for node in graph.node for one in node.attribute), *defaults):
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
