"""Many writers at once, and writers killed at any moment: one history, and nothing acknowledged is lost."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from registry.log import tree
from registry.log.checkpoint import open_checkpoint
from registry.log.note import Ed25519Verifier
from registry.records import Checkpoint
from registry.store import Store, open_registry

WRITER = """
import sys
from pathlib import Path
from registry.store import open_registry
data, tenant, name, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
with open_registry(data, kek=bytes(range(32))) as store:
    for number in range(count):
        with store.unit() as registry:
            device = registry.enroll_device(
                tenant, f"{name} {number}", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32)
            )
        with store.reading() as registry:
            checkpoint = registry.checkpoint()
        print(device.entry_index, checkpoint.note.encode().hex(), flush=True)
"""


def start(data_dir: Path, tenant: str, name: str, count: int) -> subprocess.Popen[str]:
    """A process that enrols devices and says so after each."""
    command = [sys.executable, "-c", WRITER, str(data_dir), tenant, name, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def acknowledged(lines: list[str], data_dir: Path) -> tuple[list[int], list[Checkpoint]]:
    """Entry indices and checkpoints that a writer said it saw."""
    verifier = Ed25519Verifier.from_vkey((data_dir / "log.pub").read_text())
    whole = [line.split() for line in lines if line.endswith("\n")]
    notes = [open_checkpoint(bytes.fromhex(note).decode(), verifier) for _, note in whole]
    return [int(index) for index, _ in whole], notes


def require_one_history(checkpoints: list[Checkpoint], store: Store) -> None:
    """Every checkpoint that anybody saw is a prefix of the log as it is now."""
    roots: dict[int, bytes] = {}
    for checkpoint in checkpoints:
        assert roots.setdefault(checkpoint.size, checkpoint.root) == checkpoint.root
    with store.reading() as registry:
        newest = registry.checkpoint()
        for size, root in sorted(roots.items()):
            if size:
                proof = registry.consistency(size)
                tree.verify_consistency(size, newest.size, proof.hashes, root, newest.root)


def test_threads_write_one_history(store: Store, tenant: str, data_dir: Path) -> None:
    """Four threads enrol in one store: every entry has its own index, every checkpoint seen is a prefix of the next."""
    indices: list[int] = []
    checkpoints: list[Checkpoint] = []
    failed: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(8):
                with store.unit() as registry:
                    device = registry.enroll_device(
                        tenant, f"{name} {number}", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32)
                    )
                indices.append(device.entry_index)
                with store.reading() as registry:
                    assert registry.proof(device.entry_index).index == device.entry_index
                    checkpoints.append(registry.checkpoint())
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            failed.append(error)

    threads = [threading.Thread(target=write, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted(indices) == list(range(32))
    require_one_history(checkpoints, store)
    assert store.audit().entries == {"enrolment": 32}


def test_processes_write_one_history(data_dir: Path, store: Store, tenant: str) -> None:
    """Three processes enrol at once: no entry is lost, and no two checkpoints contradict each other."""
    writers = [start(data_dir, tenant, f"process {number}", 6) for number in range(3)]
    indices: list[int] = []
    checkpoints: list[Checkpoint] = []
    for writer in writers:
        output, _ = writer.communicate(timeout=600)
        assert writer.returncode == 0
        seen, notes = acknowledged(output.splitlines(keepends=True), data_dir)
        indices += seen
        checkpoints += notes
    assert sorted(indices) == list(range(18))
    require_one_history(checkpoints, store)
    assert store.audit().rows["devices"] == 18


def test_killed_writers_lose_nothing(data_dir: Path, tenant: str, kek: bytes) -> None:
    """Two writers killed while they write: what they acknowledged is there, and the log goes on as one history."""
    writers = [start(data_dir, tenant, f"process {number}", 10_000) for number in range(2)]
    lines: list[str] = []
    for writer in writers:
        assert writer.stdout is not None
        lines += [writer.stdout.readline() for _ in range(3)]
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
    for writer in writers:
        with writer:
            assert writer.stdout is not None
            lines += writer.stdout.readlines()
    indices, checkpoints = acknowledged(lines, data_dir)
    with open_registry(data_dir, kek=kek) as again:
        report = again.audit()
        assert report.size == report.published >= len(set(indices)) >= 6
        assert max(indices) < report.size
        require_one_history(checkpoints, again)
