"""Overwriting: the thief knows the scheme, has no key of the release, and signs the copy again with a key of his own.

He fits carriers on what the copy's last layer reads and edits that layer: W <- W + eps sigma_z M P^T / sqrt(k), with
M from his own key and codeword. It is the owner's minting, done by somebody else.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from distill import outputs
from distill.mint import linear
from fingerprint import seeds
from fingerprint.carriers import Rotation, signature_matrix
from fingerprint.whitening import fit_whitening, rank


def overwrite(
    model: nn.Module,
    inputs: Tensor,
    *,
    head: str,
    seed: tuple[seeds.Word, ...],
    strength: float = 0.1,
    components: int = 32,
) -> nn.Module:
    """The model with a second signature in its last layer; the model given is left as it is.

    Args:
        model: inputs -> logits.
        inputs: the thief's unlabelled inputs, for his carriers.
        head: name of the last layer.
        seed: words of which his key and codeword are made.
        strength: eps of his signature.
        components: k of his carriers, at most; fewer where less of the last layer's input varies, as with dead units.

    Raises:
        FeaturesNotFound: no linear layer of that name.
    """
    signed = copy.deepcopy(model)
    layer = linear(signed, head)
    classes = layer.out_features
    features = outputs.before_head(model, inputs, head).numpy()
    k = min(components, rank(features))
    whitening = fit_whitening(features, components=k)
    rng = seeds.stream("transforms/overwrite", *seed)
    rotation = Rotation(key=rng.bytes(32), length=(classes - 1) * k)
    codeword = rng.choice(np.array([-1, 1], dtype=np.int8), size=rotation.length)
    sigma = float(outputs.centred(outputs.logits(model, inputs)).std())
    matrix = strength * sigma / np.sqrt(k) * signature_matrix(codeword, rotation=rotation, classes=classes)
    change = matrix @ whitening.projection.T
    with torch.no_grad():
        layer.weight.add_(torch.as_tensor(change, dtype=layer.weight.dtype))
        layer.bias.sub_(torch.as_tensor(change @ whitening.mean, dtype=layer.bias.dtype))
    return signed
