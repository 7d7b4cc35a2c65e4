"""Real text to rank: the first line of a docstring is a query, the rest of it the passage that answers it.

The docstrings are those of SciPy and scikit-learn as installed (read, not imported), so that figures depend a little on
their versions. A first stage (cosine of TF-IDF) gives every query seven passages that look most like the right one; to
distil on, three lists more of those that come next, for a teacher can score what nobody labelled.
A pair is what a scorer reads: query and passage in a latent semantic space, u and v, their product u * v, and how
their words overlap.
"""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from fingerprint import seeds

PACKAGES, LIST, LATENT, WORDS = ("scipy", "sklearn"), 8, 48, 50
WIDTH = 3 * LATENT + 3
_TEST, _PROBES, _DEEP = 600, 900, 4


@dataclass(frozen=True, kw_only=True)
class Passages:
    """Lists of pairs, float32 (n, 8, 147); the first of each list is the right passage. No query is in two parts."""

    transfer: Tensor
    probes: Tensor
    test: Tensor


@cache
def passages() -> Passages:
    """All lists, the same for the same versions of the packages."""
    found = dict(pair for package in PACKAGES for pair in _docstrings(package))
    texts = {passage: query for query, passage in found.items()}  # a passage is there once
    queries, bodies = list(texts.values()), list(texts)
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
    bags = csr_matrix(words.fit_transform(bodies)), csr_matrix(words.transform(queries))
    lists = _lists(*bags)
    order = seeds.stream("benchmarks/objectives/passages", "split").permutation(len(lists[0]))
    test, probes, transfer = np.split(order, [_TEST, _TEST + _PROBES])
    deep = torch.cat([part[transfer] for part in lists])
    return Passages(transfer=deep, probes=lists[0][probes], test=lists[0][test])


def _docstrings(package: str) -> Iterator[tuple[str, str]]:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    for path in sorted(Path(spec.origin).parent.rglob("*.py")):
        if not {"tests", "externals", "_lib"} & set(path.parts):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    yield from _halves(ast.get_docstring(node) or "")


def _halves(docstring: str) -> Iterator[tuple[str, str]]:
    head, _, rest = docstring.partition("\n\n")
    query, passage = head.split(), rest.split()[:WORDS]
    if 4 <= len(query) <= 30 and len(passage) >= 20:
        yield " ".join(query), " ".join(passage)


def _lists(bodies: csr_matrix, queries: csr_matrix) -> list[Tensor]:
    """By depth in the first stage: the seven best wrong passages of every query, the next seven, ..."""
    alike = (queries @ bodies.T).toarray()
    known = np.asarray((queries > 0).astype(float) @ (bodies > 0).astype(float).T.toarray())
    ranked = np.argsort(-(alike + 10 * np.eye(len(alike))), axis=1, kind="stable")
    latent = TruncatedSVD(LATENT, random_state=seeds.number("benchmarks/objectives/passages", "latent") % 2**32)
    passage, query = _unit(latent.fit_transform(bodies)), _unit(latent.transform(queries))
    u = np.repeat(query[:, None], LIST, axis=1)
    asked = np.maximum((queries > 0).sum(axis=1), 1).reshape(-1, 1)
    rows = np.arange(len(alike))[:, None]
    size, found = np.sqrt(LATENT), []
    for depth in range(_DEEP):
        first = 1 + depth * (LIST - 1)
        chosen = np.column_stack([ranked[:, 0], ranked[:, first : first + LIST - 1]])
        v = passage[chosen]
        overlap = [alike[rows, chosen], known[rows, chosen] / 5, known[rows, chosen] / np.asarray(asked)]
        pairs = np.concatenate([size * u, size * v, 3 * size * u * v, np.stack(overlap, 2)], axis=2)
        found.append(torch.as_tensor(pairs, dtype=torch.float32))
    return found


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
