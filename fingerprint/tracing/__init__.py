"""Coalitions: whose copies were mixed into the suspect? Biased codewords, soft scores, exact tails, rounds.

```
bias <- tail <- mixture <- scores/* <- rounds
```

Evidence first, codewords after: `scores` turn the evidence into weights before any undecided codeword is read, and
`rounds` reads codewords only to add the weights up.
"""

from fingerprint.tracing.bias import Bias, arcsine, uniform
from fingerprint.tracing.rounds import CoalitionVerdict, Round, trace_coalition
from fingerprint.tracing.scores import CATALOGUE, Score

__all__ = ["CATALOGUE", "Bias", "CoalitionVerdict", "Round", "Score", "arcsine", "trace_coalition", "uniform"]
