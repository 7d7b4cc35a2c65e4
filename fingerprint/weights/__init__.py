"""Evidence from weights, for leaks that come as a file: a second, tiny signature spread over every layer.

| file | what |
|---|---|
| carriers.py | which parameter carries which bit, with which sign |
| pack.py | the registered base and its constants, in one file |
| align.py | putting permuted and rescaled neurons back in the base's order |
| evidence.py | suspect's weights -> evidence; pooling with the evidence from outputs |

It outlives a new head, fine-tuning, pruning and quantisation, because it is read against the registered base in
coordinates that only the release key knows. It does NOT outlive distillation: a student that learns from answers never
sees a weight. For that there is the signature in the logits; one verdict can pool both.
"""

from fingerprint.weights.align import align
from fingerprint.weights.evidence import gather_weights, pool_evidence
from fingerprint.weights.pack import Layer, WeightsPack

__all__ = ["Layer", "WeightsPack", "align", "gather_weights", "pool_evidence"]
