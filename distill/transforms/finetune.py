"""Fine-tuning a copy on true labels."""

import copy

from torch import Tensor, nn

from distill.errors import FeaturesNotFound
from distill.loop import Settings, train
from distill.objectives import CrossEntropy
from fingerprint import seeds

DEFAULT = Settings(epochs=3, batch_size=128, learning_rate=5e-4)


def finetune(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    *,
    seed: tuple[seeds.Word, ...],
    settings: Settings = DEFAULT,
    only: str | None = None,
) -> nn.Module:
    """The model after a few epochs of cross-entropy; the model given is left as it is.

    Args:
        model: inputs -> logits.
        inputs: (n, ...).
        labels: class numbers, (n,).
        seed: words that name this training.
        settings: epochs, batch size, learning rate.
        only: name of the one module that learns; None for all layers.

    Raises:
        FeaturesNotFound: no module of that name, or one without parameters.
    """
    pupil = copy.deepcopy(model)
    names = [name for name, _ in pupil.named_parameters() if only is None or name.startswith(f"{only}.")]
    if not names:
        raise FeaturesNotFound(f"no module called {only!r} has parameters to train")
    for name, parameter in pupil.named_parameters():
        parameter.requires_grad_(name in names)
    tuned = train(pupil, inputs, labels, CrossEntropy(), seed=("finetune", *seed), settings=settings).model
    return tuned.requires_grad_(requires_grad=True)
