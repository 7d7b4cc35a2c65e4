"""Where and how numbers are computed: one description for a laptop and for a machine with CUDA.

| | without CUDA | with CUDA |
|---|---|---|
| processor | `cpu` | `cuda` |
| products of matrices | float32 | bfloat16 (autocast), sums in float32 |
| graph | as written | `torch.compile` |

Everything else is the same code. Random streams that order batches are drawn on the CPU everywhere.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from distill.errors import SettingsError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing:
    """How to compute.

    Attributes:
        processor: `cpu`, `cuda`, `cuda:1`, ...
        dtype: `float32`, or `bfloat16` for autocast.
        compiler: backend of `torch.compile`; None to run modules as they are written.

    Raises:
        SettingsError: no such dtype, or a processor that this machine lacks.

    Example:
        >>> Computing().dtype
        'float32'
    """

    processor: str = "cpu"
    dtype: str = "float32"
    compiler: str | None = None

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise SettingsError(f"dtype {self.dtype!r} is none of {', '.join(DTYPES)}")
        try:
            kind = torch.device(self.processor).type
        except RuntimeError as error:
            raise SettingsError(f"processor {self.processor!r}: name `cpu`, `cuda` or `cuda:1`") from error
        if kind == "cuda" and not torch.cuda.is_available():
            raise SettingsError(f"processor {self.processor!r}: this machine has no CUDA device; choose `cpu`")

    def autocast(self) -> AbstractContextManager[object]:
        """Products in `dtype` inside, if that is not float32."""
        if self.dtype == "float32":
            return nullcontext()
        return torch.autocast(torch.device(self.processor).type, dtype=DTYPES[self.dtype])

    def send(self, rows: Tensor) -> Tensor:
        """The rows on the processor; to CUDA through pinned memory, without waiting for the copy."""
        if torch.device(self.processor).type != "cuda" or rows.is_cuda:
            return rows.to(self.processor)
        return rows.pin_memory().to(self.processor, non_blocking=True)

    def place(self, model: nn.Module) -> nn.Module:
        """The model itself, moved to the processor; compiled in place, so that its modules keep their names."""
        model.to(self.processor)
        if self.compiler is not None:
            model.compile(backend=self.compiler)
        return model


PLAIN = Computing()


def best() -> Computing:
    """bfloat16 and `torch.compile` on the first CUDA device, float32 as written where there is none."""
    if torch.cuda.is_available():
        return Computing(processor="cuda", dtype="bfloat16", compiler="inductor")
    return PLAIN
