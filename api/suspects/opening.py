"""Whatever was named as the suspect, told by its bytes: answers, a model, or the description of an endpoint.

| it begins like | it is |
|---|---|
| a JSON object with `url`, `oip` or `openai` | the description of an endpoint |
| npz, npy, Parquet, Arrow, CSV, JSON | answers |
| safetensors with the tensor `outputs`, or one tensor, and no architecture given | answers |
| safetensors, an architecture given | a model's weights |
| ONNX, skops | a model |
| anything else | refused, with the way to convert it |
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from api.suspects import endpoint_file, npz, safetensors
from api.suspects.endpoint import Endpoint
from api.suspects.errors import AnswersError, AnswerUnusable, ModelUnfit
from api.suspects.given import Given
from api.suspects.json_lines import begins_like_one, document
from api.suspects.models import foreign
from api.suspects.models.model import Model
from api.suspects.models.recognise import SCHEMA
from api.suspects.outbound import Outbound
from api.suspects.outputs import FORMATS
from api.suspects.remote import Remote
from api.suspects.sandbox.confine import DEFAULT, Limits
from api.suspects.suspect import Suspect
from api.suspects.tensor import ARRAY_NAME

_OIP_PATH = re.compile(r"(?P<before>.*)/v2/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?(/infer)?/?")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a suspect is opened with.

    Attributes:
        outbound: makes the client for an endpoint; called only when there is one.
        limit: bytes that an array of answers may occupy.
        architecture: JSON of the architecture that safetensors are weights of.
        input_name, output: names of a model's input and output, where they are not plain.
        headers: for an endpoint; never recorded.
        limits: what one run of a model may cost.
        most: bytes that a model may have.
    """

    outbound: Callable[[], Outbound]
    limit: int
    architecture: bytes | None = field(default=None, repr=False)
    input_name: str = "input"
    output: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = DEFAULT
    most: int = 1 << 30


def is_address(text: str) -> bool:
    """Whether a text is an address of HTTP rather than a path."""
    return _ADDRESS.match(text) is not None


def at_address(url: str, means: Means) -> Remote:
    """The suspect at an address that says itself how to ask: one of the Open Inference Protocol.

    Raises:
        AnswerUnusable: it does not.
    """
    return remote(endpoint_file.endpoint_of(described_by(url, means), headers=means.headers), means)


def described_by(url: str, means: Means) -> dict[str, str]:
    """The description of the endpoint at an address, as in a file; no credential.

    Raises:
        AnswerUnusable: the address does not say how to ask.
    """
    found = _OIP_PATH.fullmatch(urlsplit(url)._replace(query="", fragment="").geturl())
    if found is None:
        raise AnswerUnusable(f"{url} does not say how to ask: give .../v2/models/NAME of the Open Inference Protocol,"
                             " or a JSON file that describes the endpoint")  # fmt: skip
    said = {"oip": found["before"], "model": unquote(found["model"]), "version": unquote(found["version"] or "")}
    fields = {**said, "input": means.input_name, "output": means.output}
    return {name: value for name, value in fields.items() if value}


def described_in(data: bytes) -> dict[str, Any] | None:
    """The description of an endpoint that a file holds; None, if it holds something else."""
    if begins_like_one(data) and endpoint_file.is_endpoint(fields := document(data)):
        return dict(fields)
    return None


def remote(endpoint: Endpoint, means: Means) -> Remote:
    """The endpoint with its client."""
    return Remote(endpoint=endpoint, outbound=means.outbound())


def in_file(data: bytes, means: Means) -> Suspect:
    """The suspect that a file is, or describes.

    Raises:
        AnswersError, ModelError, SuspectError: it is none that can be asked.
    """
    fields = described_in(data)
    if fields is not None:
        return remote(endpoint_file.endpoint_of(fields, headers=means.headers), means)
    if means.architecture is None and _is_answers(data):
        return Given(data=data, limit=means.limit)
    return model(data, means)


def model(data: bytes, means: Means) -> Model:
    """The model in a file.

    Raises:
        ModelError: it is none that can be run.
    """
    return Model.of(data, architecture=means.architecture, output=means.output, limits=means.limits, most=means.most)


def _is_answers(data: bytes) -> bool:
    """Whether the bytes are a file of answers; archives and tensors may be models as well."""
    if data.startswith(npz.MAGIC):
        entries = foreign.entries_of(data)
        return SCHEMA not in entries and any(name.endswith(".npy") for name in entries)
    if safetensors.begins_like_one(data):
        return _holds_answers(data)
    return any(form.begins(data) for form in FORMATS)


def _holds_answers(data: bytes) -> bool:
    try:
        names = [name for name in safetensors.split(data)[0] if name != safetensors.METADATA]
    except AnswersError:
        return True  # its reader says what is wrong with it
    if ARRAY_NAME in names or len(names) == 1:
        return True
    raise ModelUnfit(f"the file holds {len(names)} tensors and none named {ARRAY_NAME!r}: if they are weights, say with"
                     " --architecture of what, or export the model as ONNX")  # fmt: skip
