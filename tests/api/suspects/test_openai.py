"""OpenAI-compatible completions: requests, both forms of answers, a declared mapping of tokens to classes."""

import json
import threading
import time

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from api.suspects.detect import kind_of
from api.suspects.endpoint_file import read
from api.suspects.errors import AnswerUnusable
from api.suspects.openai import OpenAiModel

FIELDS = {
    "openai": "https://models.example/v1",
    "model": "org/model",
    "prompt": "Classify: {values}\nAnswer:",
    "classes": ["A", ["B", " B"], "C"],
}
BATCH = np.array([[0.5, 1], [2, 3]], dtype=np.float32)


def _model(**changes) -> OpenAiModel:
    fields = {name: value for name, value in {**FIELDS, **changes}.items() if value is not None}
    return read(json.dumps(fields).encode(), headers={"Authorization": "Bearer hush"})


def _legacy(*tops) -> bytes:
    """As vLLM and OpenAI answer `/completions`."""
    choices = [{"index": at, "text": "A", "logprobs": {"tokens": ["A"], "top_logprobs": [top]}} for at, top in tops]
    return json.dumps({"object": "text_completion", "choices": choices}).encode()


def _chat(**top: float) -> bytes:
    """As everybody answers `/chat/completions`, and llama.cpp both."""
    listed = [{"token": token, "logprob": value, "bytes": None} for token, value in top.items()]
    content = [{"token": "A", "logprob": -1, "top_logprobs": listed}]
    choice = {"index": 0, "message": {"role": "assistant", "content": "A"}, "logprobs": {"content": content}}
    return json.dumps({"choices": [choice]}).encode()


def test_prompts_go_into_one_request():
    """The probe's numbers take their place; one token is asked for, with its rivals."""
    asked = _model(top=5).request(BATCH)
    assert asked.url == "https://models.example/v1/completions"
    assert json.loads(asked.body) == {
        "model": "org/model",
        "prompt": ["Classify: 0.5 1\nAnswer:", "Classify: 2 3\nAnswer:"],
        "max_tokens": 1,
        "temperature": 0,
        "logprobs": 5,
    }
    assert asked.headers["Authorization"] == "Bearer hush"
    assert "hush" not in repr(asked) + _model().identity + repr(_model())


def test_tokens_may_be_sent_as_they_are():
    """A probe of token ids is a prompt of token ids."""
    body = json.loads(_model(prompt="$tokens").request(np.array([[5, 6], [7, 8]])).body)
    assert body["prompt"] == [[5, 6], [7, 8]]


def test_chat_asks_one_probe():
    """As a message of the user."""
    model = _model(chat=True)
    assert model.at_once == 1
    asked = model.request(BATCH[:1])
    body = json.loads(asked.body)
    assert asked.url.endswith("/v1/chat/completions")
    assert body["messages"] == [{"role": "user", "content": "Classify: 0.5 1\nAnswer:"}]
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    with pytest.raises(AnswerUnusable, match="--batch 1"):
        model.request(BATCH)


def test_reported_classes_become_probabilities_among_the_classes():
    """Tokens of one class are added up; other tokens do not count; choices are put in order."""
    body = _legacy(
        (1, {"A": -2.0, "B": -1.0, "C": -3.0}), (0, {"A": 0.0, "B": -1.0, " B": -1.0, "C": -2.0, "the": -9.0})
    )
    q = _model().answers(body, 2)
    expected = np.array([[1, 2 * np.exp(-1), np.exp(-2)], [np.exp(-2), np.exp(-1), np.exp(-3)]])
    np.testing.assert_allclose(q, expected / expected.sum(axis=1, keepdims=True))
    assert kind_of(q) == "probs"
    np.testing.assert_allclose(_model(chat=True).answers(_chat(A=-2.0, B=-1.0, C=-3.0), 1), q[1:])


def test_missing_classes_make_a_top_k_answer():
    """They are nought, and leave room for at most what the least reported token has."""
    q = _model().answers(_legacy((0, {"A": -0.1, "x": -1.0, "B": -2.0})), 1)
    assert q[0, 2] == 0
    assert q.sum() == pytest.approx(1 - np.exp(-2) / (np.exp(-0.1) + 2 * np.exp(-2)))
    assert kind_of(q) == "top_k"


@given(z=st.lists(st.floats(-8, 8), min_size=3, max_size=3), top=st.integers(1, 3))
def test_what_a_model_thinks_is_bracketed_by_what_it_reports(z, top):
    """For every top k: reported classes are never above their share, and never below it by more than what is hidden."""
    p = softmax(np.array(z))
    kept = np.argsort(-p)[:top]
    reported = {"ABC"[at]: float(np.log(p[at])) for at in kept}
    q = _model().answers(_legacy((0, reported)), 1)[0]
    assert (q[kept] <= p[kept] + 1e-9).all()
    assert q.sum() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"), (b"[]", "choices"), (b"{}", "choices"), (b'{"choices": 3}', "choices"),
        (b'{"choices": []}', "choices"), (b'{"choices": [3]}', "choices"), (b'{"choices": [{}]}', "no top"),
        (b'{"choices": [{"logprobs": null}]}', "no top"), (b'{"choices": [{"index": 1}]}', "numbered"),
        (b'{"choices": [{"index": "0"}]}', "numbered"),
        (b'{"choices": [{"logprobs": {"top_logprobs": []}}]}', "no top"),
        (b'{"choices": [{"logprobs": {"content": [{"top_logprobs": [3]}]}}]}', "no top"),
        (b'{"choices": [{"logprobs": {"content": [{"top_logprobs": [{}]}]}}]}', "which is none"),
        (_legacy((0, {})), "no class"), (_legacy((0, {"x": -1.0})), "'x'"), (_legacy((0, {"A": 1.0})), "which is none"),
        (_legacy((0, {"A": "-1"})), "which is none"), (_legacy((0, {"A": float("nan")})), "which is none"),
        (_legacy((0, {"A": None})), "which is none"), (_legacy((0, {"A": True})), "which is none"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else repr(value)[:60],
)  # fmt: skip
def test_an_answer_of_another_form_is_refused(body, says):
    """No choices, none in order, no log-probabilities, none of any class."""
    with pytest.raises(AnswerUnusable, match=says):
        _model().answers(body, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": None}, {"classes": None}, {"classes": ["A"]}, {"classes": ["A", "A"]}, {"classes": ["A", ["B", "A"]]},
        {"classes": ["A", []]}, {"classes": ["A", 3]}, {"classes": ["A", ""]}, {"classes": "AB"}, {"prompt": "none"},
        {"prompt": "$tokens", "chat": True}, {"top": 0}, {"top": 101}, {"top": True}, {"chat": 1}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_description_without_sense_is_refused(changes):
    """Missing, unknown and ill-typed fields; classes that share a token; no place for the probe."""
    with pytest.raises(AnswerUnusable):
        _model(**changes)


SERVED = FastAPI()
WEIGHT = np.random.default_rng(4).normal(size=(6, 24))


@SERVED.post("/v1/completions")
async def completions(request: Request) -> dict:
    """A model that reads numbers and answers with a letter; it reports the `logprobs` most likely ones."""
    body = await request.json()
    if request.headers["authorization"] != "Bearer hush" or body["model"] != "org/model":
        return {"choices": []}
    tops = [_top(prompt, body["logprobs"]) for prompt in body["prompt"]]
    return json.loads(_legacy(*enumerate(tops)))


@SERVED.post("/v1/chat/completions")
async def chat(request: Request) -> dict:
    """The same in chat."""
    body = await request.json()
    return json.loads(_chat(**_top(body["messages"][0]["content"], body["top_logprobs"])))


def _top(prompt, count) -> dict[str, float]:
    z = WEIGHT @ np.array(prompt.split(":")[1].split("\n")[0].split(), dtype=float)
    z = np.log(softmax(np.append(z, z.max() + 1)))
    return {"ABCDEFz"[at]: float(z[at]) for at in np.argsort(-z)[:count]}


@pytest.fixture
def served():
    """The address of a real server that speaks the protocol."""
    server = uvicorn.Server(uvicorn.Config(SERVED, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(("chatting", "top", "kind"), [(False, 7, "probs"), (False, 4, "top_k"), (True, 7, "probs")])
def test_a_real_server_is_asked(served, place, world, chatting, top, kind):
    """Over a socket, with a token, in completions and chat; the answers are weighed as what they are."""
    (place.path / "pack").write_bytes(world.pack.to_bytes())
    place.json("release", "create", "digits-1", "--pack", place.path / "pack")
    described = {**FIELDS, "openai": served, "classes": list("ABCDEF"), "chat": chatting, "top": top}
    (place.path / "llm.json").write_text(json.dumps(described))
    (place.path / "token").write_text("hush\n")
    verdict = place.json(
        "verify", place.path / "llm.json", "--release", "digits-1", "--token-file", place.path / "token",
        "--per-second", 100000, "--allow-network", "127.0.0.0/8", "--record", place.path / "r.jsonl",
        "--batch", 200, code=3,
    )  # fmt: skip
    assert verdict["kind"] == kind
    assert "hush" not in (place.path / "r.jsonl").read_text()
