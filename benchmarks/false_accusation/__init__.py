"""How often an innocent is accused, against what was promised.

`python -m benchmarks.false_accusation --json FILE` trains a release on the digits of the demonstration, gathers the
evidence of suspects that owe nothing to a fresh codeword (clean students, independent models, other devices' copies
and what thieves make of them, constant answers, answers made to harm), and scores a quarter of a million fresh
codewords against each. For every bound and every nominal alpha it reports how often p <= alpha.
"""
