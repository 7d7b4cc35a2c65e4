"""The OpenAPI document: FastAPI's, with every error as the problem document that is really sent, and with examples.

The examples, one for each schema, are what a real service was sent and answered: `api/examples.json`.
"""

import json
from importlib import resources
from typing import Any

from fastapi import FastAPI

from api.job_schemas import JobEvent
from api.problems import Problem, documented

DISCOVERY = "/.well-known/openid-configuration"
_PROVIDER = "OpenID Connect"
_NOT_OURS = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI, *, issuer: str | None = None) -> None:
    """Serve the corrected document at /openapi.json; it is made once, when first asked for.

    Args:
        app: the application.
        issuer: of the bearer tokens that are accepted beside API keys.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_provider(_with_examples(_corrected(generate())), issuer)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # the way that FastAPI documents for this


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI promises its own answer to an invalid request, which this service never sends."""
    schemas = document["components"]["schemas"]
    for name in _NOT_OURS:
        schemas.pop(name, None)
    for model in (Problem, JobEvent):  # what is answered otherwise than as a body of JSON
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update({**schema.pop("$defs", {}), model.__name__: schema})
    everywhere = documented(429, 503)
    for path, operation in ((path, found) for path, methods in document["paths"].items() for found in methods.values()):
        responses = operation["responses"]
        if path.startswith("/v1/"):
            responses.update({str(status): answer for status, answer in everywhere.items()})
        if "application/json" in responses.get("422", {}).get("content", {}):
            responses["422"] = documented(422)[422]
        operation["responses"] = dict(sorted(responses.items()))
    return document


def _with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """Each schema with its example; one of a list has the example of its items."""
    known = json.loads(resources.files("api").joinpath("examples.json").read_text(encoding="utf-8"))
    for name, schema in document["components"]["schemas"].items():
        item = name.removeprefix("ListOf_").removesuffix("_")
        if item in known:
            schema["examples"] = [known[item] if name == item else {"items": [known[item]], "next": None}]
    return document


def _with_provider(document: dict[str, Any], issuer: str | None) -> dict[str, Any]:
    """Wherever an API key does, a token of the identity provider does as well."""
    if issuer is None:
        return document
    document["components"]["securitySchemes"][_PROVIDER] = {
        "type": "openIdConnect",
        "openIdConnectUrl": issuer.rstrip("/") + DISCOVERY,
        "description": "An access token of the operator's identity provider, as `Authorization: Bearer TOKEN`.",
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            if operation.get("security"):
                operation["security"].append({_PROVIDER: []})
    return document
