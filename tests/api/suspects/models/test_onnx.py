"""ONNX: what is run, and what is refused before a runtime sees it. In this process, as the sandbox's task does it."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from api.suspects.errors import ModelFailed, ModelMalformed, ModelTooLarge, ModelUnfit, ModelUnsafe
from api.suspects.models import onnx_model

OPTIONS = {"batch": 4, "output": None}
TRUE = numpy_helper.from_array(np.array(True), "true")


def _external(where) -> TensorProto:
    tensor = numpy_helper.from_array(np.ones((6, 4), np.float32), "W")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", where
    return tensor


def _subgraph(node, tensors=()):
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    return helper.make_graph([node], "inner", [], [output], list(tensors))


def _branch(node, tensors=()):
    inner = _subgraph(node, tensors)
    return helper.make_node("If", ["true"], ["y"], then_branch=inner, else_branch=inner)


def test_a_model_answers_as_it_should(make):
    """In batches, the last one shorter; opset, input and output are stated."""
    answers, facts = onnx_model.run(make.linear(), make.probes, OPTIONS)
    np.testing.assert_allclose(answers, make.logits, rtol=1e-5)
    assert facts["opset"] == {"ai.onnx": 17}
    assert (facts["input"], facts["output"]) == ("x", "y")
    json.dumps(facts)


@pytest.mark.parametrize("shape", [[4, 6], [1, 6], ["n", 2, 3], [None, 1, 6]])
def test_probes_are_fitted_to_the_input(make, shape):
    """A fixed first axis is filled up and cut again; other axes are reshaped in row-major order."""
    tensors = [numpy_helper.from_array(make.weight.T.copy(), "W"), numpy_helper.from_array(make.bias, "b"),
               numpy_helper.from_array(np.array([-1, 6]), "flat")]  # fmt: skip
    nodes = [helper.make_node("Reshape", ["x", "flat"], ["f"]), helper.make_node("Gemm", ["f", "W", "b"], ["y"])]
    data = make.graph(nodes, inputs=[("x", shape)], tensors=tensors)
    np.testing.assert_allclose(onnx_model.run(data, make.probes, OPTIONS)[0], make.logits, rtol=1e-5)


def test_one_of_several_outputs_is_chosen(make):
    """The names are listed."""
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["z"])]
    data = make.graph(nodes, outputs=[("y", None), ("z", None)])
    with pytest.raises(ModelUnfit, match=r"'y', 'z'.*--output"):
        onnx_model.run(data, make.probes, OPTIONS)
    with pytest.raises(ModelUnfit, match="'y', 'z'"):
        onnx_model.run(data, make.probes, {**OPTIONS, "output": "w"})
    np.testing.assert_array_equal(onnx_model.run(data, make.probes, {**OPTIONS, "output": "z"})[0], -make.probes)


def test_scikit_learns_maps_are_read(make):
    """A sequence of maps from class to probability, as skl2onnx writes them, is a row for each probe."""
    nodes = [helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=list(range(6)))]
    made = onnx.load_model_from_string(make.graph(nodes, domains=("ai.onnx.ml",)))
    kind = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    made.graph.output[0].type.CopyFrom(helper.make_sequence_type_proto(kind))
    np.testing.assert_allclose(onnx_model.run(made.SerializeToString(), make.probes, OPTIONS)[0], make.probes)


@pytest.mark.parametrize("where", ["weights.bin", "../../etc/passwd", "/etc/passwd"])
@pytest.mark.parametrize("hidden", ["initialiser", "constant", "subgraph", "sparse", "function"])
def test_external_data_is_refused_wherever_it_hides(make, where, hidden):
    """In the graph, in an attribute, in a branch, in a sparse tensor, in a local function."""
    tensor = _external(where)
    product = helper.make_node("MatMul", ["x", "W"], ["y"])
    constant = helper.make_node("Constant", [], ["out"], value=tensor)
    match hidden:
        case "initialiser":
            data = make.graph([product], tensors=[tensor])
        case "constant":
            data = make.graph([helper.make_node("Constant", [], ["W"], value=tensor), product])
        case "subgraph":
            data = make.graph([_branch(constant)], tensors=[TRUE])
        case "sparse":
            made = onnx.load_model_from_string(make.graph([product]))
            made.graph.sparse_initializer.add().values.CopyFrom(tensor)
            data = made.SerializeToString()
        case _:
            function = helper.make_function("own", "F", [], ["out"], [constant], [helper.make_opsetid("", 17)])
            nodes = [helper.make_node("F", [], ["y"], domain="own")]
            data = make.graph(nodes, domains=("own",), functions=[function])
    with pytest.raises(ModelUnsafe, match="'W' lies in another file"):
        onnx_model.run(data, make.probes, OPTIONS)


@pytest.mark.parametrize("domain", ["com.microsoft", "org.evil", "ai.onnx.contrib"])
def test_custom_operators_are_refused(make, domain):
    """By name and domain, in a branch as well."""
    node = helper.make_node("Run", [], ["out"], domain=domain)
    top = helper.make_node("Run", ["x"], ["y"], domain=domain)
    for data in (make.graph([top], domains=(domain,)), make.graph([_branch(node)], tensors=[TRUE], domains=(domain,))):
        with pytest.raises(ModelUnsafe, match=f"'Run' of domain '{domain}'"):
            onnx_model.run(data, make.probes, OPTIONS)


def test_a_local_function_of_standard_operators_is_run(make):
    """It is no custom operator: its body is in the file."""
    node = helper.make_node("Neg", ["a"], ["b"])
    function = helper.make_function("own", "F", ["a"], ["b"], [node], [helper.make_opsetid("", 17)])
    data = make.graph([helper.make_node("F", ["x"], ["y"], domain="own")], domains=("own",), functions=[function])
    np.testing.assert_array_equal(onnx_model.run(data, make.probes, OPTIONS)[0], -make.probes)


def test_what_is_no_model_is_refused(make):
    """Noise, no graph, an ancient operator set."""
    for data in (b"\x08\x09", b"\xff" * 40, make.linear()[:-7], make.linear(opset=5)):
        with pytest.raises(ModelMalformed):
            onnx_model.run(data, make.probes, OPTIONS)


def test_subgraphs_without_end_are_refused(make):
    """Twenty branches within each other."""
    node = helper.make_node("Constant", [], ["out"], value=TRUE)
    for _ in range(20):
        node = helper.make_node("If", ["true"], ["out"], then_branch=_subgraph(node))
    with pytest.raises(ModelTooLarge, match="16 deep"):
        onnx_model.run(make.graph([node], outputs=[("out", None)], tensors=[TRUE]), make.probes, OPTIONS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"inputs": [("x", ["n", 5])]}, "takes inputs of shape"),
        ({"inputs": [("x", ["n", 6]), ("w", ["n"])]}, "one input"),
        ({"inputs": []}, "one input"),
    ],
    ids=str,
)
def test_a_model_that_does_not_take_the_probes_is_refused(make, changes, says):
    """Another size, several inputs, none."""
    nodes = [helper.make_node("Constant", [], ["y"], value=numpy_helper.from_array(np.ones(3, np.float32)))]
    with pytest.raises(ModelUnfit, match=says):
        onnx_model.run(make.graph(nodes, **changes), make.probes, OPTIONS)


def test_answers_that_are_none_are_refused(make):
    """One answer to all probes; and a graph that its runtime refuses."""
    total = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)
    with pytest.raises(ModelUnfit, match="answers of shape"):
        onnx_model.run(make.graph([total]), make.probes, OPTIONS)
    with pytest.raises(ModelFailed, match="onnxruntime"):
        onnx_model.run(make.graph([helper.make_node("MatMul", ["x", "x"], ["y"])]), make.probes, OPTIONS)
    with pytest.raises(ModelFailed, match="onnxruntime"):
        onnx_model.run(make.graph([helper.make_node("NoSuch", ["x"], ["y"])]), make.probes, OPTIONS)
