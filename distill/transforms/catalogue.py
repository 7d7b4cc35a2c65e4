"""Every attack by name. A new attack is one file and one row here; a conformance test runs over all rows."""

from torch import nn

from distill.errors import SettingsError
from distill.transforms.average import AverageOutputs
from distill.transforms.average_weights import average_weights
from distill.transforms.base import Attack, Means
from distill.transforms.calibrate import Calibrated, fit_bias, match_prior
from distill.transforms.extract import extract
from distill.transforms.finetune import finetune
from distill.transforms.noise import NoisyAnswers
from distill.transforms.overwrite import overwrite
from distill.transforms.prune import prune
from distill.transforms.quantise import quantise
from distill.transforms.redistil import redistil
from distill.transforms.reinitialise import new_head, new_upper_layers
from distill.transforms.rounding import RoundedAnswers
from distill.transforms.smoothing import SmoothedAnswers
from distill.transforms.top_only import TopOnly

Copies = tuple[nn.Module, ...]
FEW, SOME, MANY = 300, 1_500, 6_666  # true labels that a thief may have
_BIAS_LABELS = 100


def _none(copies: Copies, _means: Means) -> nn.Module:
    return copies[0]


def _finetune(copies: Copies, means: Means, only: str | None) -> nn.Module:
    inputs, labels = means.first_labels(min(MANY, len(means.labels)))
    return finetune(copies[0], inputs, labels, seed=means.seed, only=only)


def _new_head(count: int, *, all_layers: bool) -> Attack:
    def run(copies: Copies, means: Means) -> nn.Module:
        inputs, labels = means.first_labels(count)
        return new_head(copies[0], inputs, labels, head=means.head, all_layers=all_layers, seed=means.seed)

    which = "all" if all_layers else "last"
    what = f"a new last layer, then {'all layers' if all_layers else 'that layer alone'} trained on {count} labels"
    return Attack(name=f"new head {count} {which}", what=what, run=run, labels=count)


def _new_upper(count: int) -> Attack:
    def run(copies: Copies, means: Means) -> nn.Module:
        inputs, labels = means.first_labels(count)
        return new_upper_layers(copies[0], inputs, labels, seed=means.seed)

    what = f"everything above the first layer new, then all layers trained on {count} labels"
    return Attack(name=f"new upper layers {count}", what=what, run=run, labels=count)


def _redistil(copies: Copies, means: Means, *, other: bool) -> nn.Module:
    student = means.other if other else means.same
    return redistil(copies[0], means.inputs, student, seed=means.seed, settings=means.training)


def _bias_fit(copies: Copies, means: Means) -> nn.Module:
    return fit_bias(copies[0], *means.first_labels(_BIAS_LABELS))


def _average(count: int) -> Attack:
    return Attack(
        name=f"average of {count}",
        what=f"mean log-probabilities of {count} devices' copies",
        run=lambda copies, _: AverageOutputs(copies).eval(),
        copies=count,
    )


CATALOGUE: tuple[Attack, ...] = (
    Attack(name="none", what="the copy as it was issued", run=_none),
    Attack(name="int8", what="weights rounded to 8 bits a value", run=lambda c, _: quantise(c[0], bits=8)),
    Attack(name="int4", what="weights rounded to 4 bits a value", run=lambda c, _: quantise(c[0], bits=4)),
    Attack(name="prune 50 %", what="half of every weight tensor zero", run=lambda c, _: prune(c[0], share=0.5)),
    Attack(name="prune 80 %", what="four fifths of every weight tensor zero", run=lambda c, _: prune(c[0], share=0.8)),
    Attack(
        name="fine-tune last",
        what=f"last layer trained on up to {MANY} labels",
        run=lambda c, m: _finetune(c, m, m.head),
        labels=MANY,
    ),
    Attack(
        name="fine-tune all",
        what=f"all layers trained on up to {MANY} labels",
        run=lambda c, m: _finetune(c, m, None),
        labels=MANY,
    ),
    *(_new_head(count, all_layers=deep) for deep in (False, True) for count in (FEW, SOME, MANY)),
    *(_new_upper(count) for count in (FEW, SOME, MANY)),
    Attack(
        name="second-hand same",
        what="a fresh network of the same architecture learns the copy's soft answers on other data",
        run=lambda c, m: _redistil(c, m, other=False),
    ),
    Attack(
        name="second-hand other",
        what="a network of another architecture learns the copy's soft answers on other data",
        run=lambda c, m: _redistil(c, m, other=True),
    ),
    Attack(
        name="hard-label extraction",
        what="a fresh network learns the copy's labels on other data",
        run=lambda c, m: extract(c[0], m.inputs, m.same, seed=m.seed, settings=m.training),
    ),
    Attack(
        name="label smoothing",
        what="answers mixed with a tenth of the uniform distribution",
        run=lambda c, _: SmoothedAnswers(c[0]).eval(),
    ),
    Attack(
        name="logit noise",
        what="Gaussian noise of a tenth of the logits' standard deviation",
        run=lambda c, m: NoisyAnswers(c[0], level=0.1, seed=m.seed).eval(),
    ),
    Attack(
        name="2 digits",
        what="probabilities rounded to 2 digits",
        run=lambda c, _: RoundedAnswers(c[0]).eval(),
        observations=("probs", "top3", "labels"),
    ),
    Attack(
        name="top 3",
        what="the 3 largest probabilities alone",
        run=lambda c, _: TopOnly(c[0], k=3).eval(),
        observations=("top3", "labels"),
    ),
    Attack(name="temperature", what="logits divided by 3", run=lambda c, _: Calibrated(c[0], temperature=3.0).eval()),
    Attack(
        name="prior matching",
        what="class biases that make the mean answer uniform, from unlabelled inputs",
        run=lambda c, m: match_prior(c[0], m.inputs),
    ),
    Attack(name="bias fit", what="class biases fitted on 100 labels", run=_bias_fit, labels=_BIAS_LABELS),
    Attack(
        name="overwrite",
        what="signed again in the last layer with a key of the thief",
        run=lambda c, m: overwrite(c[0], m.inputs, head=m.head, seed=m.seed),
    ),
    *(_average(count) for count in (2, 3, 5)),
    Attack(
        name="weight average of 2",
        what="one model whose weights are the mean of 2 copies'",
        run=lambda c, _: average_weights(c[:2]),
        copies=2,
    ),
)


def attack(name: str) -> Attack:
    """The attack of that name.

    Raises:
        SettingsError: with the names that there are.

    Example:
        >>> attack("int8").labels
        0
    """
    found = {row.name: row for row in CATALOGUE}
    if name not in found:
        raise SettingsError(f"no attack is called {name!r}; there are: {', '.join(found)}")
    return found[name]
