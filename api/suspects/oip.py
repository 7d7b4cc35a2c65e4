"""Open Inference Protocol v2, spoken by KServe, Triton and MLServer: `POST v2/models/{model}/infer`.

In JSON only: the binary tensor extension is neither asked for nor read, and servers that have it answer in JSON then.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from api.suspects.endpoint import parse_json, plain, rows
from api.suspects.errors import AnswerUnusable
from api.suspects.outbound import Asked, check_url

_TYPES = {"FP64": "f8", "FP32": "f4", "FP16": "f2", "INT64": "i8", "INT32": "i4", "UINT8": "u1"}
_MAX_VALUES = 1 << 27


@dataclass(frozen=True, slots=True, kw_only=True)
class OipModel:
    """One model behind the protocol.

    Attributes:
        base: address of the server, without `/v2`.
        model: its name there.
        version: of the model; the server's choice when None.
        input_name: name of the input tensor.
        output_name: name of the output tensor; may be left out when there is one.
        datatype: of the input, for example FP32.
        headers: for example a credential; never recorded.
    """

    base: str
    model: str
    version: str | None = None
    input_name: str = "input"
    output_name: str | None = None
    datatype: str = "FP32"
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_url(self.base)
        if self.datatype not in _TYPES:
            raise AnswerUnusable(f"input type {self.datatype!r} is none of {', '.join(_TYPES)}")

    @property
    def identity(self) -> str:
        """Adapter, address, output."""
        return f"oip {self._url} {self.output_name or '*'}"

    @property
    def at_once(self) -> int | None:
        """No bound."""
        return None

    @property
    def _url(self) -> str:
        version = "" if self.version is None else f"/versions/{quote(self.version, safe='')}"
        return f"{self.base.rstrip('/')}/v2/models/{quote(self.model, safe='')}{version}/infer"

    def request(self, batch: NDArray[Any]) -> Asked:
        """One input tensor of the batch's shape, its values flat in row-major order."""
        values = batch.astype(_TYPES[self.datatype])
        body: dict[str, Any] = {
            "inputs": [
                {
                    "name": self.input_name,
                    "shape": list(batch.shape),
                    "datatype": self.datatype,
                    "data": plain(values.ravel()),
                }
            ]
        }
        if self.output_name is not None:
            body["outputs"] = [{"name": self.output_name}]
        headers = {"Content-Type": "application/json", **self.headers}
        return Asked(method="POST", url=self._url, body=json.dumps(body).encode(), headers=headers)

    def answers(self, body: bytes, count: int) -> NDArray[Any]:
        """The output tensor, (count, ...).

        Raises:
            AnswerUnusable: no such output, several of them, or values that do not fill the declared shape.
        """
        tensor = self._output(parse_json(body))
        shape, data = tensor.get("shape"), tensor.get("data")
        if "binary_data_size" in (tensor.get("parameters") or {}):
            raise AnswerUnusable("the server answers in binary although it was asked in JSON; turn that off there")
        if not isinstance(shape, list) or any(type(size) is not int or size < 0 for size in shape) or not shape:
            raise AnswerUnusable("the output declares no shape; check that the server speaks version 2 of the protocol")
        values = rows(_flat(data), math.prod(shape), "the output tensor")
        if values.ndim != 1 or math.prod(shape) > _MAX_VALUES:
            raise AnswerUnusable(f"the output's values do not fill its shape {shape}; ask for fewer probes at once")
        return rows(values.reshape(shape), count, "the output tensor")

    def _output(self, answer: Any) -> dict[str, Any]:
        outputs = answer.get("outputs") if isinstance(answer, dict) else None
        if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
            raise AnswerUnusable(
                "the answer has no list of outputs; check that the server speaks version 2 of the protocol"
            )
        named = [output for output in outputs if self.output_name in (None, output.get("name"))]
        if len(named) != 1:
            names = ", ".join(repr(output.get("name")) for output in outputs[:8])
            raise AnswerUnusable(f"choose one of the outputs {names} with --output")
        found: dict[str, Any] = named[0]
        return found


def _flat(data: Any) -> Any:
    """The values, flat; servers may nest them as they like."""
    if not isinstance(data, list):
        return []
    try:
        return np.asarray(data).ravel()
    except (ValueError, OverflowError) as error:
        raise AnswerUnusable("the output holds rows of different lengths; check the server") from error
