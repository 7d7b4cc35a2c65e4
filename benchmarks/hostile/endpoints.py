"""Hostile endpoints: redirects inwards, names that change their address, drips, streams, lies; false descriptions."""

from collections.abc import Iterator
from typing import Any

from benchmarks.hostile.case import Hostile, endpoint, raw_endpoint

ALLOWED, INSIDE = "127.0.0.1", "127.0.0.2"
"""The one address that the operator allows, and one that stands for everything inside."""

_INWARD = ("address-refused", "suspect-misbehaved", "suspect-unreachable")
_ADAPTER = "redirects and addresses"


def _template(base: str, path: str) -> dict[str, Any]:
    return {"url": f"{base}/{path}", "body": {"instances": "$probes"}, "answers": "/predictions"}


def addresses(base: str, inside: int) -> Iterator[Hostile]:
    """Ways inwards: directly, by a redirect, by a name."""
    hosts = (
        f"{INSIDE}:{inside}",
        f"127.2:{inside}",
        f"0x7f000002:{inside}",
        f"2130706434:{inside}",
        f"0177.0.0.2:{inside}",
        f"[::1]:{inside}",
        f"[::ffff:127.0.0.2]:{inside}",
        f"[64:ff9b::7f00:2]:{inside}",
        f"[2002:7f00:2::]:{inside}",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0",
        "224.0.0.1",
        "[fe80::1]",
        "[fc00::1]",
        f"inside.test:{inside}",
    )
    for host in hosts:
        yield endpoint(_ADAPTER, f"at {host.rpartition(':')[0] or host}", _template(f"http://{host}", "good"), *_INWARD)
        described = _template(base, f"redirect/http://{host}/good")
        yield endpoint(_ADAPTER, f"redirect to {host.rpartition(':')[0] or host}", described, *_INWARD)
    for target in (
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//127.0.0.2/",
        "http://u:p@127.0.0.1/",
        "http:///",
        "\\\\a\\b",
    ):
        yield endpoint(
            _ADAPTER, f"redirect to {target}", _template(base, f"redirect/{target}"), *_INWARD, "suspect-refused"
        )
    for path in ("circle", "nowhere", "found"):
        yield endpoint(_ADAPTER, path, _template(base, path), "suspect-misbehaved", "suspect-refused")


def names(port: int, inside: int) -> Iterator[Hostile]:
    """DNS rebinding: names whose address changes between two looks, or that have two."""
    for name in ("both.test", "then-inside.test", "inside.test", "mapped.test", "no-such.test", "metadata.test"):
        for at in (port, inside):
            described = _template(f"http://{name}:{at}", "good")
            yield endpoint(
                "DNS rebinding",
                f"{name} at port {'allowed' if at == port else 'inside'}",
                described,
                *_INWARD,
                batch=100,
            )


_PACES = (
    "drip",
    "drip-head",
    "drip-chunks",
    "stream",
    "chunks",
    "headers",
    "early",
    "silence",
    "hang-up",
    "short",
    "huge",
    "negative",
    "no-http",
    "noise",
    "500",
    "429",
)
_CONTENTS = (
    "gzip",
    "brotli",
    "404",
    "401",
    "not-utf-8",
    "deep",
    "deep-object",
    "digits",
    "html",
    "empty",
    "null",
    "elsewhere",
    "strings",
    "truths",
    "nulls",
    "objects",
    "ragged",
    "too-few",
    "too-many",
    "nan",
    "infinite",
    "constant",
    "narrow",
    "cube",
)


def behaviours(base: str) -> Iterator[Hostile]:
    """What a server can do with a connection, and what it can say."""
    for path in _PACES:
        yield endpoint(
            "slow and endless",
            path,
            _template(base, path),
            "suspect-misbehaved",
            "suspect-unreachable",
            "answer-unusable",
        )
    for path in _CONTENTS:
        found = (
            "answer-unusable",
            "suspect-misbehaved",
            "suspect-refused",
            "not-finite",
            "constant-outputs",
            "wrong-shape",
        )
        yield endpoint("template", path, _template(base, path), *found)
    for path in ("oip-none", "oip-shape", "oip-negative", "oip-text", "oip-several", "oip-binary", "not-utf-8", "deep"):
        yield endpoint("oip", path, {"oip": f"{base}/{path}", "model": "m"}, "answer-unusable")
    for path in ("ai-none", "ai-numbers", "ai-silent", "ai-lies", "ai-texts", "ai-others", "not-utf-8", "deep"):
        described = {
            "openai": f"{base}/{path}",
            "model": "m",
            "prompt": "{values}",
            "classes": list("ABCDEF"),
            "chat": True,
        }
        yield endpoint("openai", path, described, "answer-unusable")


def descriptions(base: str) -> Iterator[Hostile]:
    """Descriptions that make no sense or mean harm."""
    good = _template(base, "good")
    deep: Any = "$probes"
    for _ in range(900):
        deep = [deep]
    false: dict[str, Any] = {
        "nothing": {},
        "an unknown field": {**good, "run": "id"},
        "no body": {"url": base, "answers": "/x"},
        "no place for probes": {**good, "body": {}},
        "two places": {**good, "body": ["$probes", "$probes"]},
        "a pointer that is none": {**good, "answers": "x"},
        "headers that inject": {**good, "headers": {"a": "b\r\nc: d"}},
        "headers of numbers": {**good, "headers": {"a": 1}},
        "a method that injects": {**good, "method": "GET / HTTP/1.1\r\n"},
        "a file": {**good, "url": "file:///etc/passwd"},
        "a user": {**good, "url": "http://u:p@127.0.0.1/"},
        "an address without host": {**good, "url": "http://"},
        "an address of lines": {**good, "url": f"{base}/\r\nX: y"},
        "a body 900 deep": {**good, "body": deep, "answers": "x"},
        "oip without model": {"oip": base},
        "oip with numbers": {"oip": base, "model": 3},
        "openai without classes": {"openai": base, "model": "m", "prompt": "{values}"},
        "openai with one class": {"openai": base, "model": "m", "prompt": "{values}", "classes": ["A"]},
        "openai with shared tokens": {"openai": base, "model": "m", "prompt": "{values}", "classes": ["A", "A"]},
        "openai with a million tokens": {
            "openai": base,
            "model": "m",
            "prompt": "{values}",
            "classes": ["A", "B"],
            "top": 10**6,
        },
    }
    for name, described in false.items():
        yield endpoint("descriptions", name, described, "answer-unusable", "suspect-misbehaved", "invalid-request")
    for name, raw in (
        ("a request 100,000 deep", b'{"endpoint":' * 100_000),
        ("a request not UTF-8", b'{"endpoint": "\xff"}'),
    ):
        yield raw_endpoint("descriptions", name, raw, "invalid-request", "bad-request")
    for described in ([], "x", 3, None):
        yield endpoint("descriptions", f"{described!r} instead of an object", described, "invalid-request")


def every(base: str, port: int, inside: int) -> list[Hostile]:
    """All of them."""
    return [*addresses(base, inside), *names(port, inside), *behaviours(base), *descriptions(base)]
