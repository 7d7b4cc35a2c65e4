"""Several processes train one model: started by `torchrun`, on one machine or more.

| way | what each process holds |
|---|---|
| `ddp` | the whole model (DistributedDataParallel) |
| `fsdp2` | its part of every parameter and of the optimiser's state (`fully_shard`) |

Each process computes the scores of its part of a batch and is given the others' scores without gradient. The objective
sees the whole batch, as with one process, and the gradients add up to those of the whole batch's loss:

    dL/dw = sum over processes r of (dL/dz_r) (dz_r/dw)

So one process and many give the same model up to the rounding of sums. Two kinds of layer see their own part alone and
differ: batch normalisation's statistics, and the draws of dropout. The processes trust each other and their network
entirely: PyTorch's protocol has no authentication; use a private network.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NoReturn

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from distill.errors import SettingsError

Way = Literal["ddp", "fsdp2"]
WAYS: tuple[Way, ...] = ("ddp", "fsdp2")


class Together:
    """The processes that `torchrun` started, as a `distill.teams.Team`. Build it inside `joined`.

    Args:
        way: one of `WAYS`.

    Raises:
        SettingsError: no such way.
    """

    def __init__(self, way: Way) -> None:
        if way not in WAYS:
            raise SettingsError(f"way {way!r} of training together is none of {', '.join(WAYS)}")
        self._way = way
        self._size, self._rank = distributed.get_world_size(), distributed.get_rank()
        self.first = self._rank == 0

    def share(self, model: nn.Module) -> nn.Module:
        """A wrapper around the model, or the model with its parameters in parts."""
        if self._way == "ddp":
            return DistributedDataParallel(model)
        kind = next(model.parameters()).device.type
        fully_shard(model, mesh=init_device_mesh(kind, (self._size,)))
        return model

    def scores(self, model: nn.Module, rows: Tensor) -> Tensor:
        """Scores of all rows, in order, with gradient through this process's part."""
        count = -(-len(rows) // self._size)
        own = torch.arange(self._rank * count, (self._rank + 1) * count).clamp(max=len(rows) - 1)  # pads at the end
        scores = model(rows[own.to(rows.device)])
        parts = [torch.empty_like(scores) for _ in range(self._size)]
        distributed.all_gather(parts, scores.detach().contiguous())
        parts[self._rank] = scores
        return torch.cat(parts)[: len(rows)]

    def backward(self, loss: Tensor) -> None:
        """Both ways average over processes; the sum is wanted."""
        (loss * self._size).backward()  # type: ignore[no-untyped-call]  # torch leaves backward unannotated

    def whole(self, tensor: Tensor) -> Tensor:
        """The parts of all processes put together."""
        return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor

    def part(self, whole: Tensor, like: Tensor) -> Tensor:
        """This process's part, laid out like the parameter."""
        if isinstance(like, DTensor):
            return distribute_tensor(whole.to(like.device), like.device_mesh, like.placements)
        return whole.to(like.device)


def started() -> bool:
    """Whether `torchrun` started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


@contextmanager
def joined() -> Iterator[None]:
    """This process as one of those that `torchrun` started: gloo, and NCCL where each has a CUDA device of its own."""
    devices = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
    if devices:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("cpu:gloo,cuda:nccl" if devices else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def leave(code: int = 0) -> NoReturn:
    """End a process that had joined. Gloo's threads sometimes abort a process that ends by itself when all is done."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
