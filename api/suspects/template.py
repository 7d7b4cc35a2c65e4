"""Any JSON endpoint, described by a small template.

    {
      "url": "https://models.example/classify",
      "body": {"instances": "$probes"},
      "answers": "/predictions/*/scores"
    }

`$probes` in the body stands for a batch of probes as nested lists; `$probe` for one, and then each request holds one.
`answers` is a JSON pointer (RFC 6901) to the list of answers, or with `$probe` to the one answer; `*` steps into every
item of a list.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from api.suspects.endpoint import parse_json, plain, rows
from api.suspects.errors import AnswerUnusable
from api.suspects.outbound import Asked, check_url

BATCH, ONE = "$probes", "$probe"
_DEEPEST = 32
_FIELDS = {"url", "method", "headers", "body", "answers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One described endpoint.

    Attributes:
        url: its address.
        body: JSON with `$probes` or `$probe` in it.
        answers: pointer to the answers.
        method: of HTTP.
        headers: for example a credential; never recorded.
    """

    url: str
    body: Any
    answers_at: str
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_bytes(cls, data: bytes, *, headers: dict[str, str] | None = None) -> "Template":
        """The template whose JSON is `data`; see `from_fields`."""
        return cls.from_fields(parse_json(data), headers=headers)

    @classmethod
    def from_fields(cls, fields: Any, *, headers: dict[str, str] | None = None) -> "Template":
        """The template of a JSON value, with further headers.

        Raises:
            AnswerUnusable: not such a template; the message says what is wrong.
        """
        if not isinstance(fields, dict) or not set(fields) <= _FIELDS or not {"url", "body", "answers"} <= set(fields):
            raise AnswerUnusable("a template has url, body and answers, and may have method and headers; nothing else")
        given = fields.get("headers", {})
        if not isinstance(given, dict):
            raise AnswerUnusable("headers of a template are an object of names and texts")
        texts = [fields["url"], fields["answers"], fields.get("method", "POST"), *given.values(), *given]
        if not all(isinstance(text, str) and text.isprintable() for text in texts):
            raise AnswerUnusable("url, answers, method and headers of a template are texts of one line")
        check_url(fields["url"])
        template = cls(
            url=fields["url"],
            body=fields["body"],
            answers_at=fields["answers"],
            method=fields.get("method", "POST"),
            headers={**given, **(headers or {})},
        )
        if _depth(template.body) > _DEEPEST:
            raise AnswerUnusable(f"the body of a template is at most {_DEEPEST} lists or objects deep")
        if template.single is None:
            raise AnswerUnusable(f"the body of a template holds {BATCH!r} for a batch, or {ONE!r} for one probe, once")
        if template.answers_at and not template.answers_at.startswith("/"):
            raise AnswerUnusable("answers is a JSON pointer, such as /predictions or /results/*/scores")
        return template

    @property
    def single(self) -> bool | None:
        """Whether a request holds one probe; None when the body has no place, or several."""
        places = [place for place in _leaves(self.body) if place in (BATCH, ONE)]
        return places[0] == ONE if len(places) == 1 else None

    @property
    def at_once(self) -> int | None:
        """One probe where the body has a place for one."""
        return 1 if self.single else None

    @property
    def identity(self) -> str:
        """Adapter, address, pointer."""
        return f"template {self.method} {self.url} {self.answers_at}"

    def request(self, batch: NDArray[Any]) -> Asked:
        """The body with the probes in their place."""
        if self.single and len(batch) != 1:
            raise AnswerUnusable(f"this template asks one probe at a time ({ONE}); use --batch 1")
        probes = plain(batch[0] if self.single else batch)
        body = json.dumps(_filled(self.body, probes)).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        return Asked(method=self.method, url=self.url, body=body, headers=headers)

    def answers(self, body: bytes, count: int) -> NDArray[Any]:
        """What the pointer leads to, one row for each probe.

        Raises:
            AnswerUnusable: it leads nowhere, or to something else.
        """
        found = _step(parse_json(body), [_unescaped(part) for part in self.answers_at.split("/")[1:]], self.answers_at)
        return rows([found] if self.single else found, count, f"{self.answers_at!r}")


def _depth(value: Any) -> int:
    """How many lists and objects lie within each other; level by level, so that no depth overflows a stack."""
    depth, level = 0, [value]
    while level := [item for inner in level for item in _items(inner)]:
        depth += 1
    return depth


def _items(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _filled(value: Any, probes: list[Any]) -> Any:
    """The body with the place taken by the probes."""
    if isinstance(value, dict):
        return {name: _filled(item, probes) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, probes) for item in value]
    return probes if value in (BATCH, ONE) else value


def _step(value: Any, parts: list[str], pointer: str) -> Any:
    if not parts:
        return value
    part, rest = parts[0], parts[1:]
    if part == "*" and isinstance(value, list):
        return [_step(item, rest, pointer) for item in value]
    if isinstance(value, dict) and part in value:
        return _step(value[part], rest, pointer)
    if isinstance(value, list) and part.isascii() and part.isdecimal() and int(part) < len(value):
        return _step(value[int(part)], rest, pointer)
    raise AnswerUnusable(
        f"the suspect's answer has nothing at {part!r} of {pointer!r}; look at one answer and correct it"
    )


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
