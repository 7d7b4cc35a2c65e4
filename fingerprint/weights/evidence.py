"""From a leaked file to evidence, blind; and pooling it with the evidence from answers.

1. `align`: permuted or rescaled neurons are put back (fingerprint.weights.align).
2. v = (suspect - base) / sigma_T for every signed tensor T. Entries that are exactly nought in the suspect and not in
   the base were pruned, not moved: they count as missing.
3. a_i = v_i / (v_i^2 + m_T^2), m_T the median of |v| in T: the score of a Cauchy law of that width. A tensor that was
   trained anew weighs little, single wild weights weigh nothing.
4. y = sum over tensors of what the carriers collect of a (fingerprint.weights.carriers).

No step sees a codeword, so t = <c, y> / |y| has the tail of `fingerprint.statistics` and `fingerprint.verify.judge`
reads the result like any other evidence.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical
from fingerprint.errors import NotFinite, ParameterError, WrongRelease, WrongShape
from fingerprint.evidence import Evidence
from fingerprint.weights import carriers
from fingerprint.weights.align import align
from fingerprint.weights.pack import WeightsPack

KIND, SCHEME = "weights", "subspace"
Floats = NDArray[np.float64]


def gather_weights(pack: WeightsPack, suspect: Mapping[str, NDArray[Any]]) -> Evidence:
    """The evidence of a file.

    Args:
        pack: of the release.
        suspect: tensors by the base's names; others are ignored, and so are shapes that do not fit.

    Raises:
        WrongShape: not one signed tensor of the base is there.
        NotFinite: NaN or infinity in one that is.
    """
    present = {name: np.asarray(tensor) for name, tensor in suspect.items() if name in pack.base}
    for name, tensor in present.items():
        if tensor.dtype.kind not in "fiu" or not np.isfinite(tensor).all():
            raise NotFinite(f"{name} is {tensor.dtype} with NaN, infinity or no numbers; give the file's real weights")
    aligned = align(present, pack)
    usable = [name for name in pack.signed if name in aligned]
    if not usable:
        raise WrongShape(f"no tensor of the suspect is one of {', '.join(pack.signed)} in name and shape")
    values = np.zeros(pack.bits)
    for name in usable:
        moved = _influence(aligned[name], pack.base[name].astype(np.float64), pack.signed[name])
        values += carriers.collect(moved.ravel(), key=pack.carrier_key, name=name, bits=pack.bits)
    values.setflags(write=False)
    return Evidence(
        release=pack.release,
        values=values,
        kind=KIND,
        probes=0,
        scheme=SCHEME,
        alpha=pack.alpha,
        observation_digest=weights_digest(present),
    )


def _influence(suspect: Floats, base: Floats, spread: float) -> Floats:
    v = (suspect - base) / spread
    kept = (suspect != 0) | (base == 0)
    if not kept.any():
        return np.zeros_like(v)
    width = float(np.median(np.abs(v[kept])))
    return np.where(kept, v / (v * v + width * width + 1e-12), 0.0)


def weights_digest(suspect: Mapping[str, NDArray[Any]]) -> str:
    """Digest of names, types, shapes and little-endian values: what the log's entry stands for."""
    parts = [b"countermark/weights/v1"]
    for name in sorted(suspect):
        tensor = np.ascontiguousarray(suspect[name])
        little = tensor.astype(tensor.dtype.newbyteorder("<"))
        parts.append(f"\n{name}\n{little.dtype.str}\n{','.join(map(str, little.shape))}\n".encode())
        parts.append(canonical.digest(little.tobytes()).encode())
    return canonical.digest(b"".join(parts))


def pool_evidence(outputs: Evidence, weights: Evidence, *, weight: float = 1.0) -> Evidence:
    """y = y_o / |y_o| + weight y_w / |y_w|: one verdict from answers and file.

    The weight is fixed with the release, before any suspect is seen. Both parts are blind, so the sum is.

    Raises:
        WrongRelease: evidence of two releases.
        ParameterError: different lengths or alphas, or a weight that is not positive.
    """
    if outputs.release != weights.release:
        raise WrongRelease(f"evidence of release {outputs.release} and of {weights.release}")
    if outputs.values.shape != weights.values.shape or outputs.alpha != weights.alpha or not 0 < weight < 1e6:
        raise ParameterError("evidence to pool must have the same length and alpha, and a positive weight")
    values = _direction(outputs.values) + weight * _direction(weights.values)
    values.setflags(write=False)
    both = f"countermark/pooled/v1\n{outputs.observation_digest}\n{weights.observation_digest}".encode()
    return Evidence(
        release=outputs.release,
        values=values,
        kind=f"{outputs.kind}+{weights.kind}",
        probes=outputs.probes,
        scheme=outputs.scheme,
        alpha=outputs.alpha,
        observation_digest=canonical.digest(both),
    )


def _direction(values: Floats) -> Floats:
    size = float(np.linalg.norm(values))
    return values / size if size > 0 else values
