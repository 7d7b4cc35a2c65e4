"""A copy as bytes: its state dict as safetensors, with a digest. Nothing is pickled."""

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from distill.errors import ArtefactMalformed
from fingerprint import canonical


def to_bytes(model: nn.Module) -> bytes:
    """Bytes of the model's parameters and buffers; equal models give equal bytes."""
    state = {name: tensor.detach().contiguous().clone() for name, tensor in sorted(model.state_dict().items())}
    return bytes(save_tensors(state))


def load_into(model: nn.Module, data: bytes) -> None:
    """Put the bytes' parameters into a model of the same architecture.

    Raises:
        ArtefactMalformed: not safetensors, or other names or shapes; the model may then be partly filled.
    """
    try:
        model.load_state_dict(load_tensors(data))
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise ArtefactMalformed(f"not a copy of {type(model).__name__}: {error}") from error


def digest(data: bytes) -> str:
    """`sha256:...` of the bytes, as the registry stores it."""
    return canonical.digest(data)
