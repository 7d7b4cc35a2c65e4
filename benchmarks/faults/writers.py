"""Processes that enrol devices until they are killed, and say of each append what was acknowledged.

They are forked from a process that has loaded everything and has no database open, so that two hundred of them start in
the time that one interpreter takes.
"""

import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from registry.errors import RegistryError
from registry.log import tree
from registry.log.checkpoint import open_checkpoint
from registry.log.note import Ed25519Verifier
from registry.store import LOG_PUBLIC_FILE, Store, init_store, open_registry, utc_now

KEK = bytes(range(32))
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A registry: its directory, its database's URL if that is elsewhere, and its one tenant."""

    directory: Path
    url: str | None
    tenant: str

    def open(self, clock: Callable[[], datetime] = utc_now) -> Any:
        """The store in it."""
        return open_registry(self.directory, kek=KEK, database_url=self.url, clock=clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """What a writer was told: its entry's index and leaf hash, and a checkpoint that it then saw."""

    index: int
    leaf: bytes
    size: int
    root: bytes


def new_place(directory: Path, url: str | None) -> Place:
    """A new registry."""
    init_store(directory, kek=KEK, database_url=url, origin="benchmark.example/log")
    with open_registry(directory, kek=KEK, database_url=url) as store, store.unit() as registry:
        return Place(directory=directory, url=url, tenant=registry.create_tenant("acme").id)


def enrol(store: Store, tenant: str, name: str) -> tuple[int, bytes, str]:
    """One acknowledged append: index, leaf hash, and the note of a checkpoint seen after it."""
    with store.unit() as registry:
        made = registry.enroll_device(tenant, name, helper_data=b"h" * 400, identity="ab" * 32, codeword_key=bytes(32))
    with store.reading() as registry:
        data = registry.entry(made.entry_index).data
        return made.entry_index, tree.leaf_hash(data), registry.checkpoint().note


class Process:
    """A forked process with threads that enrol for ever."""

    def __init__(self, place: Place, name: str, *, threads: int) -> None:
        self._place = place
        self._pipe, sending = os.pipe()
        self._process = _FORK.Process(target=_write, args=(place, name, threads, sending), daemon=True)
        self._process.start()
        os.close(sending)
        self._text = b""

    def wait_for(self, lines: int) -> None:
        """Return when so many appends were acknowledged, or the process has ended."""
        while self._text.count(b"\n") < lines:
            got = os.read(self._pipe, 1 << 16)
            if not got:
                return
            self._text += got

    def kill(self) -> None:
        """Kill it: no handler runs, nothing is flushed."""
        pid = self._process.pid
        if pid is not None and self._process.is_alive():
            os.kill(pid, signal.SIGKILL)

    def acknowledged(self) -> list[Acknowledged]:
        """All that it said before it ended."""
        while got := os.read(self._pipe, 1 << 16):
            self._text += got
        os.close(self._pipe)
        self._process.join()
        whole = self._text[: self._text.rfind(b"\n") + 1].decode()
        return parse(self._place, whole.splitlines())


def line(said: tuple[int, bytes, str]) -> bytes:
    """What a writer says of an append; short enough that a pipe takes it whole."""
    index, leaf, note = said
    return f"{index} {leaf.hex()} {note.encode().hex()}\n".encode()


def parse(place: Place, lines: list[str]) -> list[Acknowledged]:
    """What writers said, the checkpoints' signatures verified."""
    verifier = Ed25519Verifier.from_vkey((place.directory / LOG_PUBLIC_FILE).read_text())
    found = []
    for each in lines:
        index, leaf, note = each.split()
        seen = open_checkpoint(bytes.fromhex(note).decode(), verifier)
        found.append(Acknowledged(index=int(index), leaf=bytes.fromhex(leaf), size=seen.size, root=seen.root))
    return found


def _write(place: Place, name: str, threads: int, sending: int) -> None:
    with place.open() as store:
        working = [threading.Thread(target=_enrol, args=(store, place, f"{name} {t}", sending)) for t in range(threads)]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join()


def _enrol(store: Store, place: Place, name: str, sending: int) -> None:
    for number in itertools.count():
        try:
            os.write(sending, line(enrol(store, place.tenant, f"{name} {number}")))
        except RegistryError:  # the server is gone: what was not said was not acknowledged
            return
