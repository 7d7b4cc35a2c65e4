"""The verdict of a release computed once more, by numpy alone: a second computation for whoever trusts nobody.

It shares with the first one what only hashes and checks (seeds, canonical bytes, observations), and none of its
arithmetic: its own transforms, its own solvers (Newton and conjugate gradients, run to convergence), its own tails.
Two programs that agree are better evidence than one.

| file | what |
|---|---|
| tensors.py | safetensors, read with every size checked |
| release.py | a verifier pack, and the commitment that it must agree with |
| looks.py | the looks of the committed plan, and the release as one of them sees it |
| cosine_transform.py, carriers.py | B, R of the release |
| rules.py | the schemes, and what each states of itself |
| solvers.py, estimates.py | `subspace`: residual and efficient score |
| static_decoder.py, spectrum.py | `static`: the network's soft bits; `cosine`: power at a key's frequency |
| evidence.py | evidence from answers, for each scheme; no codeword is in reach |
| bounds.py | tails, Sidak, threshold |
| scoring.py, judgement.py | scores and p-values against fixed evidence; the verdict about one codeword |
"""
