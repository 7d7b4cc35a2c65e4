r"""OpenAI-compatible completions with top log-probabilities: vLLM, llama.cpp, and whoever else speaks it.

    {
      "openai": "https://models.example/v1",
      "model": "org/model",
      "prompt": "Classify: {values}\nAnswer:",
      "classes": ["A", ["B", " B"], "C"],
      "chat": false,
      "top": 20
    }

A probe's numbers, separated by spaces, take the place of `{values}`; with `"prompt": "$tokens"` the probe is a list of
token ids and is sent as such. `classes` says which token, or which of several, stands for each class. The model is
asked for one token at temperature 0; its `top` most likely tokens give p_c, the sum over the tokens of class c.

    q_c = p_c / Z for a reported class, 0 for a missing one;  Z = sum of reported p + missing classes * least reported

so that rows with every class reported are probabilities among the classes, and others a top-k answer: no missing class
can be likelier than the least token reported. Chat asks one probe in a request.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.endpoint import parse_json
from api.suspects.errors import AnswerUnusable
from api.suspects.outbound import Asked, check_url

TOKENS, VALUES = "$tokens", "{values}"
_FIELDS = {"openai", "model", "prompt", "classes", "chat", "top"}
_MOST_TOP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiModel:
    """One model behind the protocol.

    Attributes:
        base: address of the server, `/v1` included.
        model: its name there.
        prompt: text with `{values}` in it, or `$tokens`.
        classes: for each class the tokens that stand for it.
        chat: ask `/chat/completions` instead of `/completions`.
        top: how many tokens to ask for.
        headers: for example a credential; never recorded.
    """

    base: str
    model: str
    prompt: str
    classes: tuple[tuple[str, ...], ...]
    chat: bool = False
    top: int = 20
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_url(self.base)
        tokens = [token for names in self.classes for token in names]
        if len(self.classes) < 2 or not all(self.classes) or len(set(tokens)) != len(tokens):
            raise AnswerUnusable("`classes` names two classes or more, each by tokens of its own")
        if not 1 <= self.top <= _MOST_TOP:
            raise AnswerUnusable(f"`top` is a number of tokens from 1 to {_MOST_TOP}")
        if (VALUES not in self.prompt and self.prompt != TOKENS) or (self.chat and self.prompt == TOKENS):
            raise AnswerUnusable(f"`prompt` holds {VALUES!r} where the probe goes; or it is {TOKENS!r}, without chat")

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any], *, headers: Mapping[str, str]) -> "OpenAiModel":
        """The model that JSON fields describe.

        Raises:
            AnswerUnusable: fields that are missing, unknown or of a wrong type.
        """
        match fields:
            case {"openai": str(base), "model": str(model), "prompt": str(prompt), "classes": [*classes]}:
                pass
            case _:
                raise AnswerUnusable("an openai file has openai, model, prompt and classes, and may have chat and top")
        chat, top = fields.get("chat", False), fields.get("top", 20)
        if not set(fields) <= _FIELDS or type(chat) is not bool or type(top) is not int:
            raise AnswerUnusable(f"an openai file has {', '.join(sorted(_FIELDS))} and nothing else; chat is true or"
                                 " false, top a number")  # fmt: skip
        named = tuple(_tokens(name) for name in classes)
        return cls(base=base, model=model, prompt=prompt, classes=named, chat=chat, top=top, headers=headers)

    @property
    def identity(self) -> str:
        """Adapter, address, model, and all that decides the question."""
        asked = json.dumps([self.prompt, self.classes, self.top], separators=(",", ":"))
        return f"openai {self._url} {self.model} {asked}"

    @property
    def at_once(self) -> int | None:
        """One probe for chat."""
        return 1 if self.chat else None

    @property
    def _url(self) -> str:
        return f"{self.base.rstrip('/')}/{'chat/completions' if self.chat else 'completions'}"

    def request(self, batch: NDArray[Any]) -> Asked:
        """The prompts of a batch, or the one message."""
        prompts = [self._prompt(probe) for probe in batch]
        body: dict[str, Any] = {"model": self.model, "max_tokens": 1, "temperature": 0}
        if self.chat:
            if len(prompts) != 1:
                raise AnswerUnusable("chat asks one probe at a time; use --batch 1")
            body |= {"messages": [{"role": "user", "content": prompts[0]}], "logprobs": True, "top_logprobs": self.top}
        else:
            body |= {"prompt": prompts, "logprobs": self.top}
        headers = {"Content-Type": "application/json", **self.headers}
        return Asked(method="POST", url=self._url, body=json.dumps(body).encode(), headers=headers)

    def answers(self, body: bytes, count: int) -> NDArray[Any]:
        """q, (count, C).

        Raises:
            AnswerUnusable: not one choice for each prompt, or one without log-probabilities of any class.
        """
        answer = parse_json(body)
        choices = answer.get("choices") if isinstance(answer, dict) else None
        if not isinstance(choices, list) or len(choices) != count or not all(isinstance(one, dict) for one in choices):
            raise AnswerUnusable(f"the answer has no list of {count} choices; check address and model")
        order = {
            choice.get("index", at): choice for at, choice in enumerate(choices) if _whole(choice.get("index", at))
        }
        if sorted(order) != list(range(count)):
            raise AnswerUnusable("the choices are not numbered from 0, one for each prompt")
        return np.stack([self._probabilities(_top(order[at])) for at in range(count)])

    def _prompt(self, probe: NDArray[Any]) -> str | list[int]:
        if self.prompt == TOKENS:
            return [int(token) for token in probe.ravel()]
        return self.prompt.replace(VALUES, " ".join(f"{value:.7g}" for value in probe.ravel().tolist()))

    def _probabilities(self, top: Mapping[str, float]) -> NDArray[np.float64]:
        p = np.array([sum(top.get(token, 0.0) for token in names) for names in self.classes])
        missing = int((p == 0).sum())
        if missing == len(p):
            shown = ", ".join(map(repr, list(top)[:8]))
            raise AnswerUnusable(f"no class is among the most likely tokens ({shown}); correct `classes`, raise `top`")
        least = min((value for value in top.values() if value > 0), default=0.0)
        return np.asarray(p / (p.sum() + missing * least))


def _tokens(name: Any) -> tuple[str, ...]:
    names = [name] if isinstance(name, str) else name
    if not isinstance(names, list) or not all(isinstance(token, str) and token for token in names):
        raise AnswerUnusable("a class is a token, or a list of tokens that all mean it")
    return tuple(names)


def _whole(index: Any) -> bool:
    return type(index) is int


def _top(choice: Mapping[str, Any]) -> dict[str, float]:
    """The most likely first tokens and their probabilities, in either form: a map, or a list of objects."""
    found = choice.get("logprobs")
    match found:
        case {"top_logprobs": [dict(first), *_]}:
            pairs: Iterable[tuple[Any, Any]] = first.items()
        case {"content": [{"top_logprobs": [*listed]}, *_]} if all(isinstance(one, dict) for one in listed):
            pairs = [(one.get("token"), one.get("logprob")) for one in listed]
        case _:
            raise AnswerUnusable(
                "a choice has no top log-probabilities; the server must be asked for them and give them"
            )
    top: dict[str, float] = {}
    for token, logprob in pairs:
        if not isinstance(token, str) or type(logprob) not in (int, float) or not logprob <= 1e-3:
            raise AnswerUnusable(f"{token!r:.40} has the log-probability {logprob!r:.40}, which is none")
        top[token] = top.get(token, 0.0) + float(np.exp(min(float(logprob), 0.0)))
    return top
