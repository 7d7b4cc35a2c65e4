"""Identification among millions of devices: packed codewords in a mapped file, the best k with exact scores.

| file | what |
|---|---|
| layout.py | 64 signs a word, blocks of 16,384 devices |
| file.py | the memory-mapped file: versioned header, incremental add |
| query.py | evidence as bit planes, and how far they can be from the truth |
| engines.py, compiled.py | who counts bits: numpy, or numba |
| scan.py | rough scores for all, exact scores for those that may be among the best |
| top.py | the best k, and the merge law of shards |
| search.py | shards over any `concurrent.futures.Executor` |
| ranking.py | the tail theorem and Sidak on top |
| memory.py, judging.py | the same for codewords that no disk may hold; the verdict |
"""

from fingerprint.identify.engines import ENGINES
from fingerprint.identify.file import IndexFile, add_codewords, add_packed, create_index, open_index
from fingerprint.identify.judging import SCHEMES, judge_packed
from fingerprint.identify.layout import pack_codewords
from fingerprint.identify.memory import HeldCodewords
from fingerprint.identify.ranking import Ranking, identify
from fingerprint.identify.search import search
from fingerprint.identify.top import EMPTY, Top, best, merge

__all__ = [
    "EMPTY",
    "ENGINES",
    "SCHEMES",
    "HeldCodewords",
    "IndexFile",
    "Ranking",
    "Top",
    "add_codewords",
    "add_packed",
    "best",
    "create_index",
    "identify",
    "judge_packed",
    "merge",
    "open_index",
    "pack_codewords",
    "search",
]
