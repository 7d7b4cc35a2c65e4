"""Writes the vectors of the Merkle tree: roots and proofs of the eight leaves that everybody tests with.

The leaves are those of Certificate Transparency's reference tests. Everything is computed here by the recursive
definitions of RFC 6962, section 2.1, as they stand, sharing no code with `registry.log.tree`. One failure a vector.

    python tests/registry/vectors/generate_rfc6962.py > tests/registry/vectors/rfc6962.txt
"""

import hashlib
import sys
from collections.abc import Iterator

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
Vector = dict[str, str]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    """MTH(D[n]), section 2.1."""
    if not d:
        return sha256(b"")
    if len(d) == 1:
        return sha256(b"\x00" + d[0])
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m: int, d: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), section 2.1.1."""
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), section 2.1.2."""
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def text(kind: str, expect: str, proof: list[bytes], **fields: object) -> Vector:
    """One vector as lines of a header."""
    shown = {name: value.hex() if isinstance(value, bytes) else str(value) for name, value in fields.items()}
    return {"kind": kind, "expect": expect, **shown, "proof": " ".join(item.hex() for item in proof)}


def flipped(data: bytes) -> bytes:
    """The bytes with the lowest bit of the first one changed."""
    return bytes([data[0] ^ 1]) + data[1:]


def broken(proof: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Every kind of damage to a proof, named."""
    yield "extended", [*proof, sha256(b"extra")]
    yield "preceded", [sha256(b"extra"), *proof]
    if proof:
        yield "truncated", proof[:-1]
        yield "beheaded", proof[1:]
        yield "bit flipped", [flipped(proof[0]), *proof[1:]]
        yield "short hash", [proof[0][:-1], *proof[1:]]
    if len(proof) > 1:
        yield "swapped", [proof[1], proof[0], *proof[2:]]


def roots() -> Iterator[Vector]:
    """The root of every size."""
    for n in range(len(LEAVES) + 1):
        yield {"kind": "root", "expect": "valid", "size": str(n), "root": mth(LEAVES[:n]).hex()}


def inclusions() -> Iterator[Vector]:
    """Every inclusion proof, and its damaged forms."""
    for n in range(1, len(LEAVES) + 1):
        for m in range(n):
            leaf, root, proof = sha256(b"\x00" + LEAVES[m]), mth(LEAVES[:n]), path(m, LEAVES[:n])
            claim = {"index": m, "size": n, "leaf": leaf, "root": root}
            yield text("inclusion", "valid", proof, **claim)
            for name, damaged in broken(proof):
                yield text("inclusion", f"invalid: {name}", damaged, **claim)
            yield text("inclusion", "invalid: index at the size", proof, **{**claim, "index": n})
            yield text("inclusion", "invalid: another leaf", proof, **{**claim, "leaf": sha256(b"other")})
            yield text("inclusion", "invalid: another root", proof, **{**claim, "root": sha256(b"other")})
    yield text("inclusion", "invalid: empty tree", [], index=0, size=0, leaf=sha256(b"\x00"), root=sha256(b""))


def consistencies() -> Iterator[Vector]:
    """Every consistency proof, its damaged forms, and what must not count as one."""
    for n in range(1, len(LEAVES) + 1):
        for m in range(1, n + 1):
            proof = subproof(m, LEAVES[:n], True)
            claim = {"old": m, "new": n, "old_root": mth(LEAVES[:m]), "new_root": mth(LEAVES[:n])}
            yield text("consistency", "valid", proof, **claim)
            for name, damaged in broken(proof):
                yield text("consistency", f"invalid: {name}", damaged, **claim)
            yield text("consistency", "invalid: another old root", proof, **{**claim, "old_root": sha256(b"other")})
            yield text("consistency", "invalid: another new root", proof, **{**claim, "new_root": sha256(b"other")})
            yield text("consistency", "invalid: shrinking", proof, **{**claim, "old": n + 1})
    empty, root = sha256(b""), mth(LEAVES)
    yield text("consistency", "valid", [], old=0, new=0, old_root=empty, new_root=empty)
    yield text("consistency", "invalid: empty tree, another root", [], old=0, new=0, old_root=root, new_root=root)
    yield text("consistency", "invalid: from the empty tree", [], old=0, new=8, old_root=empty, new_root=root)


def main() -> None:
    """Write all vectors: header lines, an empty line between vectors."""
    for vector in (*roots(), *inclusions(), *consistencies()):
        sys.stdout.write("".join(f"{name}: {value}".rstrip() + "\n" for name, value in vector.items()) + "\n")


if __name__ == "__main__":
    main()
