"""Adapters to endpoints: probes to a request, an answer to numbers. No socket."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.suspects.detect import kind_of
from api.suspects.errors import AnswerUnusable, SuspectMisbehaved
from api.suspects.oip import OipModel
from api.suspects.template import Template

BATCH = np.arange(6, dtype=np.float32).reshape(2, 3) / 3
MODEL = OipModel(base="https://models.example/", model="digits/1", version="2", output_name="scores")


def _oip(**changes) -> bytes:
    tensor = {"name": "scores", "shape": [2, 2], "datatype": "FP32", "data": [0.25, 0.75, 1, 0], **changes}
    return json.dumps({"model_name": "m", "outputs": [tensor]}).encode()


def _template(**changes) -> bytes:
    fields = {"url": "https://m.example/x", "body": {"instances": "$probes"}, "answers": "/predictions", **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def test_a_batch_becomes_one_input_tensor():
    """Address, shape, type and row-major values as the protocol says; float32 values come back exactly."""
    asked = MODEL.request(BATCH)
    body = json.loads(asked.body)
    assert asked.url == "https://models.example/v2/models/digits%2F1/versions/2/infer"
    assert body["inputs"][0]["shape"] == [2, 3]
    np.testing.assert_array_equal(np.float32(body["inputs"][0]["data"]), BATCH.ravel())
    assert body["outputs"] == [{"name": "scores"}]


@pytest.mark.parametrize("data", [[0.25, 0.75, 1, 0], [[0.25, 0.75], [1, 0]]])
def test_an_output_tensor_is_read_flat_or_nested(data):
    """Servers nest the values as they like; the shape decides."""
    assert MODEL.answers(_oip(data=data), 2).tolist() == [[0.25, 0.75], [1, 0]]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b'{"outputs": 3}', b'{"outputs": []}', b'{"outputs": [3]}', b"[" * 100_000, b"\xff",
        _oip(name="other"), _oip(shape=None), _oip(shape=[]), _oip(shape=[-2, -2]), _oip(shape=[2, 3]),
        _oip(shape=[4, 1]), _oip(shape=[1 << 40, 1 << 40]), _oip(data=None), _oip(data=["a"] * 4),
        _oip(data=[[1], [2, 3]]),
        _oip(data=[[1, None], [2, 3]]), _oip(data=[True] * 4), _oip(data=[10**400, 1, 1, 1]),
    ],
)  # fmt: skip
def test_an_output_that_is_none_is_refused(body):
    """Not JSON, not the protocol, another output, or values that do not fill their shape."""
    with pytest.raises(AnswerUnusable):
        MODEL.answers(body, 2)


def test_one_of_several_outputs_must_be_chosen():
    """The names are listed."""
    body = json.dumps({"outputs": [{"name": "a", "shape": [2], "data": [0, 1]}, {"name": "b"}]}).encode()
    assert OipModel(base="http://x.example", model="m", output_name="a").answers(body, 2).tolist() == [0, 1]
    with pytest.raises(AnswerUnusable, match="'a', 'b'"):
        OipModel(base="http://x.example", model="m").answers(body, 2)


@pytest.mark.parametrize("base", ["ftp://x", "file:///etc/passwd", "http://", "http://u:p@x", "x", ""])
def test_an_address_that_is_none_is_refused(base):
    """HTTP only, with a host, without a user."""
    with pytest.raises(SuspectMisbehaved):
        OipModel(base=base, model="m")
    with pytest.raises((SuspectMisbehaved, AnswerUnusable)):
        Template.from_bytes(_template(url=base))


def test_an_input_type_that_is_none_is_refused():
    """The known ones are listed."""
    with pytest.raises(AnswerUnusable, match="FP32"):
        OipModel(base="http://x.example", model="m", datatype="BYTES")


def test_a_template_puts_probes_in_their_place():
    """A batch, or one probe; headers are added and never shown."""
    many = Template.from_bytes(_template(body={"a": [1, {"b": "$probes"}]}), headers={"Authorization": "Bearer hush"})
    asked = many.request(BATCH)
    assert json.loads(asked.body) == {"a": [1, {"b": BATCH.astype(float).tolist()}]}
    assert asked.headers["Authorization"] == "Bearer hush"
    assert "hush" not in repr(many) + repr(asked) + many.identity
    one = Template.from_bytes(_template(body={"x": "$probe"}, answers="/y"))
    assert json.loads(one.request(BATCH[:1]).body) == {"x": BATCH[0].astype(float).tolist()}
    assert one.answers(b'{"y": [1, 2]}', 1).tolist() == [[1, 2]]
    assert one.answers(b'{"y": 3}', 1).tolist() == [3]
    with pytest.raises(AnswerUnusable, match="--batch 1"):
        one.request(BATCH)


@pytest.mark.parametrize(
    ("pointer", "answer"),
    [
        ("", [[1, 2], [3, 4]]),
        ("/predictions", {"predictions": [[1, 2], [3, 4]]}),
        ("/r/*/s", {"r": [{"s": [1, 2]}, {"s": [3, 4]}]}),
        ("/r/1/s", {"r": [0, {"s": [[1, 2], [3, 4]]}]}),
        ("/a~1b/~0", {"a/b": {"~": [[1, 2], [3, 4]]}}),
        ("/*/*", [[1, 2], [3, 4]]),
    ],
)
def test_a_pointer_leads_to_the_answers(pointer, answer):
    """RFC 6901, and a star for every item."""
    template = Template.from_bytes(_template(answers=pointer))
    assert template.answers(json.dumps(answer).encode(), 2).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "answer", [b"{}", b"[]", b'{"predictions": 3}', b'{"predictions": [[1], [2, 3]]}', b'{"predictions": [[1, 2]]}',
               b'{"predictions": ["a", "b"]}', b"nonsense", b'{"predictions": [[true], [false]]}'],
)  # fmt: skip
def test_an_answer_of_another_form_is_refused(answer):
    """Nothing there, ragged, no numbers, too few."""
    with pytest.raises(AnswerUnusable):
        Template.from_bytes(_template()).answers(answer, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"url": None}, {"body": None}, {"answers": None}, {"more": 1}, {"url": 3}, {"answers": "predictions"},
        {"headers": {"a": 1}}, {"headers": {"a": "b\r\nc: d"}}, {"body": {}}, {"body": ["$probes", "$probe"]},
        {"headers": ["a"]}, {"method": 3}, {"body": json.loads("[" * 900 + '"$probes"' + "]" * 900)},
    ],
    ids=lambda changes: str(changes)[:60],
)  # fmt: skip
def test_a_template_without_sense_is_refused(changes):
    """Missing, unknown and ill-typed fields, no place for probes or two."""
    with pytest.raises(AnswerUnusable):
        Template.from_bytes(_template(**changes))


@given(data=st.binary(max_size=60))
def test_no_bytes_escape_the_error_tree(data):
    """Whatever a suspect answers is numbers or AnswerUnusable."""
    for endpoint in (MODEL, Template.from_bytes(_template(answers="/*"))):
        with pytest.raises(AnswerUnusable):
            endpoint.answers(b'{"outputs":' + data, 2)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([0, 2, 1], "labels"),
        ([[0.25, 0.75], [1, 0]], "probs"),
        ([[0.7, 0], [0, 0.6]], "top_k"),
        (np.log([[0.25, 0.75], [0.5, 0.5]]), "logprobs"),
        ([[-1.0, -2.0], [-5.0, 0.0]], "logits"),
        ([[3.0, -2.0], [5.0, 0.0]], "logits"),
    ],
)
def test_what_answers_look_like_is_said(answers, kind):
    """Shape, range and sums decide."""
    assert kind_of(np.asarray(answers)) == kind
