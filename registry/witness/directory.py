"""Where a witness lives: its keys, and what it remembers of each log.

```
DIRECTORY/witness.key    cosigning keys (Ed25519, ML-DSA-44), mode 0600
DIRECTORY/logs/          the newest checkpoint that it cosigned of each log
```

| who can change | could cause | and could not |
|---|---|---|
| witness.key | cosignatures in the witness's name | a checkpoint that the log did not sign |
| logs/ | cosignatures of a second history that the log signed | the same with the log's key out of reach |
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from registry.errors import StoreExists, StoreMissing
from registry.keys.local import create_private_file, read_private_file
from registry.log.cosignature import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, Cosigner, Seconds
from registry.log.note import NoteVerifier, require_name
from registry.log.policy import Policy
from registry.log.signing_keys import read_cosigners, write_cosigner
from registry.witness.state import FileState
from registry.witness.witness import Witness

KEY_FILE, LOGS = "witness.key", "logs"


def init_witness(directory: Path, name: str, *, entropy: Callable[[int], bytes] = os.urandom) -> None:
    """A new witness: a directory for its owner only, with two fresh keys of that name.

    Raises:
        MalformedNote: the name cannot name a key.
        StoreExists: there is a witness already; nothing was changed.
    """
    require_name(name)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (directory / KEY_FILE).exists():
        raise StoreExists(f"{directory} holds a witness already; choose another directory")
    kinds = (ED25519_COSIGNATURE, MLDSA44_COSIGNATURE)
    lines = "".join(write_cosigner(name, kind, entropy(32)) for kind in kinds)
    create_private_file(directory / KEY_FILE, lines)


def witness_keys(directory: Path, now: Seconds) -> tuple[Cosigner, ...]:
    """The witness's keys.

    Raises:
        StoreMissing: there is no witness.
        KeyFileUnsafe: others can read the key file.
        MalformedNote: it holds something else.
    """
    if not (directory / KEY_FILE).exists():
        raise StoreMissing(f"{directory} holds no witness; make one with `countermark witness init`")
    return read_cosigners(read_private_file(directory / KEY_FILE), now)


def open_witness(directory: Path, policy: Policy, now: Seconds) -> Witness:
    """The witness, watching the policy's logs. Its other lines, about witnesses and quorums, are not for it.

    Raises:
        StoreMissing, KeyFileUnsafe, MalformedNote: as `witness_keys`.
    """
    cosigners = witness_keys(directory, now)
    logs: dict[str, Sequence[NoteVerifier]] = {}
    for known in policy.logs:
        logs[known.verifier.name] = [*logs.get(known.verifier.name, ()), known.verifier]
    return Witness(logs, cosigners, FileState(directory / LOGS))
