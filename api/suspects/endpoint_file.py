"""Endpoints described by a JSON file, told apart by their first field: `url` (template), `oip`, or `openai`.

{"oip": "https://models.example", "model": "digits", "version": "2", "input": "input", "output": "scores"}
"""

from collections.abc import Mapping
from typing import Any

from api.suspects.endpoint import Endpoint, parse_json
from api.suspects.errors import AnswerUnusable
from api.suspects.oip import OipModel
from api.suspects.openai import OpenAiModel
from api.suspects.template import Template

_OIP = {"oip": "base", "model": "model", "version": "version", "input": "input_name", "output": "output_name",
        "datatype": "datatype"}  # fmt: skip
KINDS = ("url", "oip", "openai")


def is_endpoint(fields: Any) -> bool:
    """Whether a JSON value describes an endpoint."""
    return isinstance(fields, dict) and any(kind in fields for kind in KINDS)


def endpoint_of(fields: Any, *, headers: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint that JSON fields describe.

    Args:
        fields: the file's object.
        headers: sent with every request, for example a credential; never recorded.

    Raises:
        AnswerUnusable, SuspectMisbehaved: none of the three, or fields that make no sense.
    """
    sent = dict(headers or {})
    if not is_endpoint(fields):
        raise AnswerUnusable(f"an endpoint's description has one of the fields {', '.join(KINDS)}")
    if "url" in fields:
        return Template.from_fields(fields, headers=sent)
    if "openai" in fields:
        return OpenAiModel.from_fields(fields, headers=sent)
    if not set(fields) <= set(_OIP) or "model" not in fields or not all(isinstance(v, str) for v in fields.values()):
        raise AnswerUnusable(f"an oip file has oip and model, and may have {', '.join(list(_OIP)[2:])}; all are texts")
    return OipModel(**{_OIP[name]: value for name, value in fields.items()}, headers=sent)


def read(data: bytes, *, headers: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint that a file describes.

    Raises:
        AnswerUnusable, SuspectMisbehaved: as `endpoint_of`.
    """
    return endpoint_of(parse_json(data), headers=headers)
