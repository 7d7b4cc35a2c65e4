"""The demonstration, step by step; the steps of an investigation go over HTTP like anybody's."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from api.client import Client
from api.demo import fleet, model, service, suspects
from api.demo.result import Demonstration, Finding
from registry.evidence.case_file import CaseFile
from registry.evidence.examination import Examination, examine
from registry.log.checkpoint import open_checkpoint
from registry.log.note import Ed25519Verifier
from registry.log.policy import Policy
from registry.log.tree import leaf_hash, verify_inclusion
from registry.records import AuditReport
from registry.store import open_registry

Say = Callable[[str], None]
REGISTRY, PACK, POLICY = "registry", "evidence.zip", "trust.policy"
_REGISTRY_FILES = {"kek.key", "log.key", "log.pub", "packs", "registry.db", "registry.db-shm", "registry.db-wal"}


def demonstrate(out: Path, say: Say, *, progress: bool) -> Demonstration:
    """Run everything; the registry of the last run under `out` is replaced.

    Args:
        out: folder for the registry.
        say: told what is being done.
        progress: whether trainings show progress bars.
    """
    started = time.monotonic()
    data_dir = _fresh(out / REGISTRY)
    with _one_thread():
        say("training a teacher and clean students on handwritten digits, fitting carriers")
        built = model.build(os.urandom(32), progress=progress)
        token = service.create_registry(data_dir)
        with service.serving(data_dir) as address, Client(address, token=token) as client:
            say(f"service at {address}; enrolling {fleet.DEVICES} devices by their PUF")
            fleet.enroll(client, os.urandom)
            say("committing the release; distilling one copy, minting seven, registering all")
            copies = fleet.issue(client, built, progress=progress)
            say("making seven suspects and asking whose copy each is")
            line_up = suspects.line_up(built, copies)
            key = (data_dir / "log.pub").read_text().splitlines()[0]  # known out of band, not from the service
            findings = tuple(_investigate(client, suspect, built, key) for suspect in line_up)
            say("writing an evidence pack about the second-hand copy and checking it offline")
            pack = _evidence(client, out, key)
    say("auditing the log")
    audited = _audit(data_dir)
    return Demonstration(
        devices=fleet.device_names(),
        teacher_accuracy=built.accuracy(built.teacher),
        clean_accuracy=built.clean_accuracy,
        copies={copy.device: built.accuracy(copy.model) for copy in copies},
        findings=findings,
        log_size=audited.size,
        log_root=audited.root,
        pack=pack,
        seconds=time.monotonic() - started,
    )


def _investigate(client: Client, suspect: suspects.Suspect, built: model.Model, key: str) -> Finding:
    case = client.open_case(fleet.RELEASE, suspect=suspect.name)
    probes = torch.tensor(client.probes(case.id))
    verdict = client.send_outputs(case.id, suspect.answer(probes), kind=suspect.kind)
    _check_proof(client, verdict.log.entry_index, key)
    best = verdict.ranked[0]
    return Finding(
        name=suspect.name,
        kind=verdict.kind,
        true_devices=suspect.true_devices,
        must_name=suspect.must_name,
        accuracy=suspect.accuracy(built.data),
        named_devices=tuple(verdict.named),
        score=best.score,
        p_value=best.p_value,
        family_wise_p=best.family_wise_p,
        alpha=verdict.alpha,
        threshold=verdict.threshold,
        scores={row.device: row.score for row in verdict.ranked},
    )


def _check_proof(client: Client, index: int, key: str) -> None:
    """What an investigator who trusts nobody checks: the signature, and that the entry is under the signed root."""
    entry, proof = client.entry(index), client.proof(index)
    signed = open_checkpoint(proof.checkpoint.note, Ed25519Verifier.from_vkey(key))
    verify_inclusion(leaf_hash(entry.data), index, signed.size, proof.hashes, signed.root)


def _evidence(client: Client, out: Path, key: str) -> Examination:
    """What a judge finds in the pack about the second-hand copy, with the two models that are nobody's as controls."""
    cases = {case.suspect: case.id for case in client.cases().items}
    negative = [cases[name] for name in suspects.NOBODYS]
    holder = fleet.device_names()[suspects.SECOND_HAND_OF]
    data = client.evidence(cases[suspects.SECOND_HAND], device=holder, negative=negative)
    (out / PACK).write_bytes(data)
    (out / POLICY).write_text(f"log {key}\nquorum none\n", encoding="utf-8")
    return examine(CaseFile(data=data, policy=Policy.parse((out / POLICY).read_bytes())))


def _fresh(data_dir: Path) -> Path:
    if is_replaceable(data_dir) and data_dir.exists():
        shutil.rmtree(data_dir)
    data_dir.mkdir(parents=True)
    return data_dir


def is_replaceable(data_dir: Path) -> bool:
    """Whether nothing is lost when a demonstration puts its registry there: absent, empty, or an earlier registry."""
    if not data_dir.exists():
        return True
    return data_dir.is_dir() and all(path.name in _REGISTRY_FILES for path in data_dir.iterdir())


def _audit(data_dir: Path) -> AuditReport:
    with open_registry(data_dir) as store:
        return store.audit()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Networks this small train many times faster on one thread than on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
