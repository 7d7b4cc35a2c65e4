"""The registered base, in one safetensors file: what a leaked file is held against, and what copies are signed with.

| tensor | shape | what |
|---|---|---|
| `base.NAME` | any, float32 | every tensor of the minting base's state |

It belongs to one release and uses its key and its codewords, of the same length: one codeword is written into the
logits and into the weights, by carriers drawn independently of each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint import canonical, seeds, tensorfile
from fingerprint.errors import CanonicalMalformed, MalformedError, PackMalformed, ParameterError
from fingerprint.weights import carriers

TAG = "countermark/weights-pack"
DEFAULT_STRENGTH = 0.02  # of a tensor's standard deviation: costs no measurable accuracy, see docs/weights.md
Tensors = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a chain, by the names of its tensors.

    Attributes:
        weight: (units, inputs, ...): linear or convolutional.
        bias: (units,), or None.
    """

    weight: str
    bias: str | None = None


@dataclass(frozen=True, kw_only=True)
class WeightsPack:
    """What weights are signed and verified with.

    Law: `WeightsPack.from_bytes(p.to_bytes())` has equal bytes.

    Attributes:
        release: id of the release whose codewords are used.
        release_key: its 32 bytes.
        bits: L of the release.
        alpha: declared family-wise false-accusation probability.
        strength: gamma, the change of each weight in standard deviations of its tensor.
        base: the base's state by name, float32.
        chain: layers in the order in which the data pass, last layer included, for realignment; empty where the
            network is no plain chain, and then only files whose neurons are in order can be read.

    Raises:
        ParameterError: no tensor to sign, NaN, a chain of unknown tensors, or constants out of range.
    """

    release: str
    release_key: bytes = field(repr=False)
    bits: int
    base: Tensors = field(repr=False)
    alpha: float = 1e-6
    strength: float = DEFAULT_STRENGTH
    chain: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        if len(self.release_key) != 32 or self.bits < 1:
            raise ParameterError("a weights pack needs a release key of 32 bytes and one bit or more")
        if not 0 < self.alpha < 1 or not 0 < self.strength < 1:
            raise ParameterError(f"alpha {self.alpha} and strength {self.strength} must lie between 0 and 1")
        for name, tensor in self.base.items():
            if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
                raise ParameterError(f"{name} must be finite float32, not {tensor.dtype} with NaN or infinity")
        if not self.signed:
            raise ParameterError("no tensor of two dimensions or more with any spread; there is nothing to sign")
        named = {name for layer in self.chain for name in (layer.weight, layer.bias) if name}
        if not named <= set(self.base):
            raise ParameterError(f"the chain names tensors that the base lacks: {sorted(named - set(self.base))}")

    @cached_property
    def signed(self) -> dict[str, float]:
        """Tensors that carry the signature, and their standard deviations: two dimensions or more, not constant."""
        wide = {name: tensor for name, tensor in sorted(self.base.items()) if tensor.ndim > 1}
        spreads = {name: float(tensor.astype(np.float64).std()) for name, tensor in wide.items()}
        return {name: spread for name, spread in spreads.items() if spread > 0}

    @cached_property
    def carrier_key(self) -> bytes:
        """Key of the carriers, drawn from the release key apart from the logits' carriers."""
        return seeds.xof(self.release_key, "countermark/weights/carriers/v1", length=32)

    @cached_property
    def digest(self) -> str:
        """Digest of the file's bytes, for the commitment."""
        return canonical.digest(self.to_bytes())

    def change(self, codeword: ArrayLike) -> dict[str, NDArray[np.float32]]:
        """What one device's copy adds to the base: gamma sigma_T u, for every signed tensor T.

        Raises:
            ParameterError: not a codeword of this release.
        """
        c = np.asarray(codeword)
        if c.shape != (self.bits,) or not np.isin(c, (-1, 1)).all():
            raise ParameterError(f"a codeword of this release is {self.bits} values of -1 or +1, not shape {c.shape}")
        signs = c.astype(np.int8)
        return {name: self._tensor_change(signs, name, spread) for name, spread in self.signed.items()}

    def _tensor_change(self, signs: NDArray[np.int8], name: str, spread: float) -> NDArray[np.float32]:
        tensor = self.base[name]
        pattern = carriers.spread(signs, key=self.carrier_key, name=name, count=tensor.size)
        return (np.float32(self.strength * spread) * pattern).reshape(tensor.shape)

    def to_bytes(self) -> bytes:
        """The file's bytes; equal packs give equal bytes."""
        header = {
            "release": self.release,
            "release_key": self.release_key.hex(),
            "bits": self.bits,
            "alpha": self.alpha,
            "strength": self.strength,
            "chain": [{"weight": layer.weight, "bias": layer.bias} for layer in self.chain],
        }
        tensors = {f"base.{name}": tensor for name, tensor in self.base.items()}
        return tensorfile.save(tensors, canonical.encode(TAG, header))

    @classmethod
    def from_bytes(cls, data: bytes) -> "WeightsPack":
        """The pack whose bytes are `data`.

        Raises:
            PackMalformed: truncated, not a weights pack, of another version, or out of range.
        """
        try:
            raw, tensors = tensorfile.load(data)
            header: dict[str, Any] = canonical.decode(TAG, raw)
            return cls(
                release=header["release"],
                release_key=bytes.fromhex(header["release_key"]),
                bits=int(header["bits"]),
                alpha=float(header["alpha"]),
                strength=float(header["strength"]),
                chain=tuple(Layer(**layer) for layer in header["chain"]),
                base={name.removeprefix("base."): np.asarray(tensor) for name, tensor in tensors.items()},
            )
        except (ParameterError, MalformedError, CanonicalMalformed, KeyError, TypeError, ValueError) as error:
            raise PackMalformed(f"not a weights pack: {error}; ask the release engineer for it again") from error
