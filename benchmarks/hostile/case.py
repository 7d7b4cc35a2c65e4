"""One hostile case: what is sent about an open case, and what the refusal must name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx2

Send = Callable[[httpx2.Client, str], httpx2.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One case.

    Attributes:
        adapter: what reads it.
        name: what is hostile about it.
        send: sends it about the open case of that id.
        names: words of which the problem's type or detail holds at least one.
    """

    adapter: str
    name: str
    send: Send = field(repr=False)
    names: tuple[str, ...]


def _post(path: str, **request: Any) -> Send:
    return lambda web, case: web.post(f"/v1/cases/{case}/{path}", **request)


def answers(adapter: str, name: str, data: bytes | Iterable[bytes], *names: str, kind: str = "logits") -> Hostile:
    """A hostile file of answers."""
    return Hostile(adapter=adapter, name=name, send=_post("outputs", content=data, params={"kind": kind}), names=names)


def model(adapter: str, name: str, data: bytes, *names: str, **params: str) -> Hostile:
    """A hostile model."""
    return Hostile(adapter=adapter, name=name, send=_post("model", content=data, params=params), names=names)


def endpoint(adapter: str, name: str, described: Any, *names: str, batch: int = 64) -> Hostile:
    """A hostile endpoint, or a hostile description of one."""
    body = {"endpoint": described, "batch": batch}
    return Hostile(adapter=adapter, name=name, send=_post("endpoint", json=body), names=names)


def raw_endpoint(adapter: str, name: str, body: bytes, *names: str) -> Hostile:
    """A request to ask an endpoint that is no description at all."""
    send = _post("endpoint", content=body, headers={"Content-Type": "application/json"})
    return Hostile(adapter=adapter, name=name, send=send, names=names)
