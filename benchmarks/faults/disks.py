"""Small disks, and writing until one is full."""

import os
import subprocess
import threading
from pathlib import Path

from benchmarks.faults.writers import Place, enrol, line
from registry.errors import RegistryError
from registry.store import Store

THREADS = 4


def mount(directory: Path, options: str) -> bool:
    """Mount a tmpfs there, or change a mounted one; False where this process may not."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(directory: Path) -> None:
    """Unmount it."""
    subprocess.run(["umount", str(directory)], check=True)


def until_refused(store: Store, place: Place, name: str) -> list[str]:
    """What four threads were acknowledged until the registry refused each of them."""
    said: list[str] = []

    def work(thread: int) -> None:
        number = 0
        while True:
            try:
                said.append(line(enrol(store, place.tenant, f"{name} {thread} {number}")).decode())
            except RegistryError:
                return
            number += 1

    threads = [threading.Thread(target=work, args=(each,)) for each in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said
