"""The right edge of the log as a writer knows it: enough to append and to sign without reading what is below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from registry.log import tree
from registry.log.tree import Node


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """A tree of `size` leaves by its right edge. Appending gives another frontier; this one stays as it is.

    Attributes:
        size: number of leaves.
        edge: hashes of `tree.subtrees(Range(0, size))`.
        leaf: hash of the last leaf, None of the empty tree. A stored log with the same size and the same last leaf is
            taken for the same log: two histories that differ below share no entry, since each has an id of its own.
        signed: size of the newest checkpoint when the frontier was read; that checkpoint's root was this tree's.
    """

    size: int
    edge: tuple[bytes, ...]
    leaf: bytes | None
    signed: int

    @cached_property
    def root(self) -> bytes:
        """MTH of all leaves.

        Example:
            >>> Frontier(size=0, edge=(), leaf=None, signed=0).root == tree.EMPTY_ROOT
            True
        """
        return tree.fold(self.edge)

    def grown(self, leaves: Sequence[bytes]) -> tuple["Frontier", list[tuple[Node, bytes]]]:
        """The frontier after more leaves, and every complete subtree that they complete."""
        size, edge, completed = self.size, list(self.edge), list[tuple[Node, bytes]]()
        for leaf in leaves:
            value, level, number = leaf, 0, size
            completed.append((Node(0, size), leaf))
            while number & 1:
                value = tree.node_hash(edge.pop(), value)
                level, number = level + 1, number >> 1
                completed.append((Node(level, number), value))
            edge.append(value)
            size += 1
        last = leaves[-1] if leaves else self.leaf
        return Frontier(size=size, edge=tuple(edge), leaf=last, signed=self.signed), completed
