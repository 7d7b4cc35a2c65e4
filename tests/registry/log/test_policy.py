"""Trust policies: the specification's example, quorums, and every line out of form."""

from itertools import product

import pytest

from registry.errors import MalformedPolicy, PolicyUnmet
from registry.log.checkpoint import sign_checkpoint
from registry.log.cosignature import Ed25519Cosigner, MlDsa44Cosigner
from registry.log.note import Ed25519Signer
from registry.log.policy import Policy

LOG = Ed25519Signer("example.com/log", bytes(32))
OTHER_LOG = Ed25519Signer("example.com/other", bytes([9]) * 32)
WITNESSES = {
    name: Ed25519Cosigner(f"{name.lower()}.example", bytes([number]) * 32, lambda: 1)
    for number, name in enumerate(("X1", "X2", "X3", "Y1", "Y2", "Y3"), 1)
}
LINES = "".join(f"witness {name} {cosigner.verifier.vkey()}\n" for name, cosigner in WITNESSES.items())
EXAMPLE = f"""# The specification's example.
log {LOG.verifier.vkey()}

{LINES}
group X-witnesses 2 X1 X2 X3
\tgroup  Y-witnesses any Y1 Y2 Y3\t
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def cosigned(*names: str) -> str:
    """A checkpoint of the log with the cosignatures of these witnesses."""
    return sign_checkpoint(9, bytes(32), LOG, *(WITNESSES[name] for name in names)).note


def test_the_specified_example_in_every_case() -> None:
    """Two of X and one of Y is the quorum: all 64 sets of witnesses are accepted or refused accordingly."""
    policy = Policy.parse(EXAMPLE.encode())
    for present in product((False, True), repeat=6):
        names = [name for name, there in zip(WITNESSES, present, strict=True) if there]
        enough = sum(present[:3]) >= 2 and any(present[3:])
        if enough:
            assert policy.open(cosigned(*names)).size == 9
        else:
            with pytest.raises(PolicyUnmet, match="missing"):
                policy.open(cosigned(*names))


def test_no_quorum_asks_for_no_witness() -> None:
    """`quorum none` takes the log's signature alone, and still insists on it."""
    policy = Policy.parse(f"log {LOG.verifier.vkey()} https://log.example\nquorum none\n".encode())
    assert policy.open(cosigned()).origin == "example.com/log"
    assert policy.logs[0].url == "https://log.example"
    with pytest.raises(PolicyUnmet, match="no log"):
        policy.open(sign_checkpoint(9, bytes(32), OTHER_LOG).note)
    with pytest.raises(PolicyUnmet, match="names no log"):
        Policy.parse(b"quorum none").open(cosigned())


def test_mldsa44_witnesses_count() -> None:
    """A witness with an ML-DSA-44 key makes a quorum like any other."""
    witness = MlDsa44Cosigner("pq.example", bytes(32), lambda: 1)
    text = f"log {LOG.verifier.vkey()}\nwitness pq {witness.verifier.vkey()} http://w\nquorum pq\n"
    policy = Policy.parse(text.encode())
    assert policy.cosigned(sign_checkpoint(9, bytes(32), LOG, witness).note) == {"pq"}
    policy.open(sign_checkpoint(9, bytes(32), LOG, witness).note)
    with pytest.raises(PolicyUnmet):
        policy.open(cosigned("X1"))


def test_a_false_cosignature_does_not_count() -> None:
    """A cosignature of another checkpoint, pasted under this one, is no cosignature."""
    policy = Policy.parse((LINES + f"log {LOG.verifier.vkey()}\nquorum X1\n").encode())
    pasted = sign_checkpoint(8, bytes(32), LOG, WITNESSES["X1"]).note.split("\n")[-2]
    with pytest.raises(PolicyUnmet):
        policy.open(cosigned() + pasted + "\n")


def test_names_are_opaque() -> None:
    """Names that are not UTF-8 are told apart by their bytes."""
    first, second = (WITNESSES[name].verifier.vkey().encode() for name in ("X1", "X2"))
    policy = Policy.parse(b"witness \xff " + first + b"\nwitness \xfe " + second + b"\nquorum \xff")
    assert policy.quorum != "\ufffd"
    assert len(policy.witnesses) == 2


X1, X2 = (WITNESSES[name].verifier.vkey() for name in ("X1", "X2"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log " + LOG.verifier.vkey(),
        "quorum none\nquorum none",
        "quorum X1",
        "quorum",
        "quorum none none",
        "log",
        "log nonsense\nquorum none",
        f"log {LOG.verifier.vkey()} url more\nquorum none",
        f"log {X1}\nquorum none",
        f"log {LOG.verifier.vkey()}\nlog {LOG.verifier.vkey()}\nquorum none",
        f"witness w {LOG.verifier.vkey()}\nquorum none",
        f"witness none {X1}\nquorum none",
        f"witness w {X1}\nwitness w {X2}\nquorum none",
        f"witness w {X1}\nwitness v {X1}\nquorum none",
        f"witness w {X1}\ngroup w any w\nquorum none",
        f"witness w {X1}\ngroup g any none\nquorum none",
        f"group g any w\nwitness w {X1}\nquorum none",
        f"witness w {X1}\ngroup g 0 w\nquorum g",
        f"witness w {X1}\ngroup g 2 w\nquorum g",
        f"witness w {X1}\ngroup g 01 w\nquorum g",
        f"witness w {X1}\ngroup g some w\nquorum g",
        f"witness w {X1}\ngroup g any w w\nquorum g",
        f"witness w {X1}\ngroup g any w\ngroup h any w\nquorum g",
        f"witness w {X1}\ngroup g any\nquorum g",
        f"witness w {X1}\ngroup g any g\nquorum g",
        f"quorum w\nwitness w {X1}",
        "hello\nquorum none",
        "quorum none\r\n",
        "quorum\u00a0none",
        "#\n" * 1001 + "quorum none",
    ],
)
def test_malformed_policies_are_refused(text: str) -> None:
    """A line out of form, a name undefined or taken, a key twice, or no single quorum raises one error."""
    with pytest.raises(MalformedPolicy):
        Policy.parse(text.encode())


def test_the_line_is_named() -> None:
    """The error says which line."""
    with pytest.raises(MalformedPolicy, match="line 3"):
        Policy.parse(b"# one\n\nlog x\nquorum none")
