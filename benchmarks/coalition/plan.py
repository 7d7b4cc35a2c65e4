"""Which coalitions are traced: 10 minutes' worth."""

from dataclasses import dataclass

ALL = ("logprobs", "probs", "labels")
MANY = (1, 2, 3, 5, 7, 10, 15, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One attack with one kind of codeword and copy, over several coalition sizes and forms of answer."""

    bias: str
    method: str
    attack: str
    sizes: tuple[int, ...]
    observations: tuple[str, ...]


PLAN: tuple[Line, ...] = (
    Line(bias="uniform", method="minted", attack="average", sizes=MANY, observations=ALL),
    *(
        Line(bias="uniform", method="minted", attack=attack, sizes=(5, 10), observations=("logprobs", "labels"))
        for attack in ("mean probabilities", "weight average", "median", "least", "greatest", "midrange", "switching")
    ),
    *(
        Line(bias="uniform", method="minted", attack=attack, sizes=(2, 3, 5), observations=ALL)
        for attack in ("average, 2 digits", "weight average, fine-tuned", "average, second-hand")
    ),
    Line(bias="tardos", method="minted", attack="average", sizes=(1, 3, 5, 10, 15), observations=("logprobs",)),
    *(
        Line(bias="tardos", method="minted", attack=attack, sizes=(3, 5), observations=("logprobs",))
        for attack in ("median", "midrange", "switching")
    ),
    Line(bias="mild", method="minted", attack="average", sizes=(3, 5, 10), observations=("logprobs",)),
    Line(bias="uniform", method="distilled", attack="average", sizes=(1, 2, 3, 5, 7, 10), observations=ALL),
    Line(bias="uniform", method="distilled", attack="switching", sizes=(5, 10), observations=("logprobs", "labels")),
    Line(bias="uniform", method="distilled", attack="midrange", sizes=(5, 10), observations=("logprobs",)),
)
