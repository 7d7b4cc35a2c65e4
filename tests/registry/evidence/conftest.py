"""A registry with a leaked copy, a clean suspect, and packs about them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rfc8785

from fingerprint import carriers, seeds
from fingerprint.codeword import codeword_key
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from registry.evidence import container, contents, envelope
from registry.evidence.case_file import CaseFile
from registry.log.policy import Policy
from registry.store import Store, init_store, open_registry
from registry.verification import verify_case
from tests.registry.log_key import log_signer

CLASSES, COMPONENTS, PROBES = 5, 24, 150
DEVICES = ("edge-0", "edge-1", "edge-2")


def make_pack(probes: int = PROBES) -> VerifierPack:
    """A verifier pack of random numbers."""
    draw = seeds.stream("tests", "evidence packs")
    clean = draw.normal(size=(probes, CLASSES)) * 2
    return VerifierPack(
        release_key=draw.bytes(32),
        probes=draw.normal(size=(probes, 2)).astype(np.float32),
        features=draw.normal(size=(probes, COMPONENTS)).astype(np.float32),
        references={"clean": (clean - clean.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
    )


@dataclass(frozen=True)
class World:
    """A store, and the ids of its decided cases by what their suspect is."""

    store: Store
    tenant: str
    cases: dict[str, str]
    vkey: str
    directory: Path

    @property
    def policy(self) -> bytes:
        """A policy that trusts the log and asks for no witness."""
        return f"log {self.vkey}\nquorum none\n".encode()

    @property
    def policy_of_own_cosigner(self) -> bytes:
        """A policy that asks for the log's own second key."""
        (own,) = self.store.cosigner_keys()
        return f"log {self.vkey}\nwitness own {own}\nquorum own\n".encode()

    def pack(self, case: str = "leaked", **choice: object) -> bytes:
        """An evidence pack about a case."""
        with self.store.reading() as registry:
            exhibits = registry.exhibits(self.tenant, self.cases[case], **choice)  # type: ignore[arg-type]
            return registry.seal_pack(exhibits, {})

    def file(self, evidence: bytes, **brought: object) -> CaseFile:
        """The pack as its reader opens it."""
        return CaseFile(data=evidence, policy=Policy.parse(self.policy), **brought)  # type: ignore[arg-type]


def key_of(device: str) -> bytes:
    """A device's codeword key."""
    return codeword_key(device.encode() * 8)


@pytest.fixture(scope="session")
def codeword_key_of():
    """Codeword keys by device."""
    return key_of


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three devices with a copy each; edge-1's leaked, and was asked twice; a clean model and an average of two."""
    directory: Path = tmp_path_factory.mktemp("evidence") / "data"
    init_store(directory, kek=bytes(range(32)), origin="example.com/log")
    with open_registry(directory, kek=bytes(range(32))) as store:
        yield fill(store, make_pack(), directory)


def fill(store: Store, pack: VerifierPack, directory: Path) -> World:
    """Everything up to the verdicts."""
    with store.unit() as registry:
        tenant = registry.create_tenant("acme").id
        vkey = registry.verifier_key()
        for name in DEVICES:
            registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=key_of(name))
        registry.commit_release(tenant, "digits-1", pack=pack.to_bytes())
    with store.unit() as registry:
        reserved = {name: registry.reserve_copy(tenant, "digits-1", name) for name in DEVICES}
        for each in reserved.values():
            registry.issue_copy(tenant, each.copy_id, artefact_digest="sha256:" + "0a" * 32, method="minted")
    reference = pack.references["clean"].astype(np.float64)
    shift = {
        name: 0.5 * pack.features @ carriers.signature_matrix(each.codeword, rotation=pack.rotation, classes=CLASSES).T
        for name, each in reserved.items()
    }
    suspects = {
        "leaked": ("logits", reference + _noise("leaked", 0.5) + shift["edge-1"] / np.sqrt(COMPONENTS)),
        "again": ("logits", reference + _noise("again", 0.3) + shift["edge-1"] / np.sqrt(COMPONENTS)),
        "clean": ("logits", reference + _noise("clean", 0.5)),
        "both": ("logits", reference + _noise("both", 0.1) + (shift["edge-0"] + shift["edge-2"]) / 4),
    }
    cases = {}
    for name, (kind, answers) in suspects.items():
        with store.unit() as registry:
            cases[name] = registry.open_case(tenant, "digits-1", suspect=f"model '{name}' at shop.example").id
            verify_case(registry, tenant, cases[name], kind=kind, answers=answers)
    return World(store, tenant, cases, vkey, directory)


def _noise(word: str, size: float) -> np.ndarray:
    return size * seeds.stream("tests", "evidence packs", word).normal(size=(PROBES, CLASSES))


@pytest.fixture(scope="session")
def evidence(world: World) -> bytes:
    """A pack about the leaked copy, with controls of every kind."""
    return world.pack(negative=[world.cases["clean"], world.cases["both"]], positive=[world.cases["again"]])


@pytest.fixture(scope="session")
def plain(world: World) -> bytes:
    """The same without controls."""
    return world.pack()


@pytest.fixture(scope="session")
def forge(world: World, forge_in):
    """Changes a pack of the world."""
    return lambda evidence, change: forge_in(world, evidence, change)


@pytest.fixture(scope="session")
def forge_in():
    """Changes a pack as somebody with the log's key could: the digests and the signature are made anew."""

    def forged(world: World, evidence: bytes, change) -> bytes:
        signer = log_signer(world.directory, bytes(range(32)))
        members = container.read(evidence)
        payload, _ = envelope.open_envelope(members.pop(contents.STATEMENT), [signer.verifier])
        statement = json.loads(payload)
        change(members, statement["predicate"])
        statement["subject"] = [
            {"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}} for name, data in members.items()
        ]
        payload = rfc8785.dumps(statement)
        signature = {
            "keyid": envelope.key_name(signer.verifier),
            "sig": contents.to_text(signer.sign(envelope.signed_bytes(payload).decode())),
        }
        signed = {"payload": contents.to_text(payload), "payloadType": envelope.PAYLOAD_TYPE, "signatures": [signature]}
        return container.render({contents.STATEMENT: rfc8785.dumps(signed), **members})

    return forged


@pytest.fixture(scope="session")
def stamped(tmp_path_factory: pytest.TempPathFactory, tsa: str) -> Iterator[tuple[World, bytes]]:
    """A pack whose log was time-stamped after the verdict."""
    directory: Path = tmp_path_factory.mktemp("stamped") / "data"
    init_store(directory, kek=bytes(range(32)), origin="example.com/log")
    with open_registry(directory, kek=bytes(range(32))) as store:
        world = fill(store, make_pack(), directory)
        store.stamp(tsa)
        yield world, world.pack()


@pytest.fixture(scope="session")
def cosigned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, bytes]]:
    """A pack whose checkpoint was cosigned by the log's second key."""
    directory: Path = tmp_path_factory.mktemp("cosigned") / "data"
    init_store(directory, kek=bytes(range(32)), origin="example.com/log")
    with open_registry(directory, kek=bytes(range(32))) as store:
        world = fill(store, make_pack(), directory)
        store.cosign()
        yield world, world.pack()
