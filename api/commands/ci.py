"""`countermark ci`: the release step of a pipeline. Commit, mint a copy for each device, register, prove, sum up.

It may be run again after any failure: what is done stays done, what is missing is made.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from api.artefacts import last_layer
from api.commands import files
from api.commands.committing import commit
from api.commands.desks import Data, Desk, Server, desk_of
from api.commands.minting import Minter
from api.commands.output import AsJson, show_json, show_table
from api.commands.signing import SigningKey, load_key
from api.schemas import Copy, Release
from fingerprint.canonical import digest
from fingerprint.kit import SigningKit

MANIFEST = "countermark.json"


def ci(
    release: Annotated[str, typer.Argument(help="Name of the release.")],
    pack: Annotated[Path, typer.Option("--pack", help="Verifier pack.")],
    kit: Annotated[Path, typer.Option("--kit", help="Signing kit; it is not kept.")],
    base: Annotated[Path, typer.Option("--base", help="The base's state dict, safetensors.")],
    out: Annotated[Path, typer.Option("--out", help="Directory for the copies and countermark.json.")],
    device: Annotated[list[str], typer.Option("--device", help="An enrolled device; repeat for several.")],
    head: Annotated[str | None, typer.Option("--head", help="The base's last layer, if shapes do not tell.")] = None,
    summary: Annotated[Path | None, typer.Option("--summary", help="Markdown file to add a summary to.")] = None,
    sign_key: SigningKey = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Fingerprint a release in a pipeline: commit, mint and register (and sign) a copy a device, write the proofs."""
    pack_bytes, signer, state = files.read(pack), SigningKit.from_bytes(files.read(kit)), files.read(base)
    key = load_key(sign_key)
    with desk_of(data, server) as desk:
        committed = commit(desk, release, pack_bytes, [digest(state)])
        last = head or last_layer(state, signer)
        minter = Minter(desk=desk, kit=signer, release=release, base=state, head=last, key=key)
        minter.check()
        out.mkdir(parents=True, exist_ok=True)
        copies = {name: minter.copy_for(name, out / f"{name}.safetensors") for name in _progress(dict.fromkeys(device))}
        manifest = _manifest(desk, committed, copies, signed=key is not None)
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    if summary is not None:
        with summary.open("a", encoding="utf-8") as stream:
            stream.write(_markdown(committed, copies))
    if as_json:
        show_json(manifest)
        return
    rows = [(name, copy.id, copy.entry_index, copy.artefact_digest) for name, copy in copies.items()]
    show_table(("device", "copy", "log entry", "artefact"), rows, title=f"{release}: {committed.release_id}")


def _progress(names: Iterable[str]) -> Iterable[str]:
    """The names, with a bar on a terminal."""
    console = Console(stderr=True)
    return track(list(names), description="copies", console=console, disable=not console.is_terminal)


def _manifest(desk: Desk, release: Release, copies: dict[str, Copy], *, signed: bool) -> dict[str, Any]:
    """Everything that was registered, with its proofs against one checkpoint."""

    def proven(index: int | None) -> dict[str, Any]:
        proof = desk.proof(index if index is not None else -1).model_dump(mode="json")
        return {name: proof[name] for name in ("index", "size", "leaf_hash", "hashes")}

    entries = [
        {
            "device": name,
            "copy": copy.id,
            "artefact_digest": copy.artefact_digest,
            "signature": f"{name}.safetensors.sig" if signed else None,
            "proof": proven(copy.entry_index),
        }
        for name, copy in copies.items()
    ]
    return {
        "release": release.name,
        "release_id": release.release_id,
        "alpha": release.alpha,
        "bits": release.bits,
        "proof": proven(release.entry_index),
        "copies": entries,
        "log_key": desk.log_key().key,
        "checkpoint": desk.checkpoint().note,
    }


def _markdown(release: Release, copies: dict[str, Copy]) -> str:
    rows = "".join(
        f"| {name} | `{copy.id}` | {copy.entry_index} | `{copy.artefact_digest}` |\n" for name, copy in copies.items()
    )
    return (
        f"### Countermark: release {release.name}\n\n"
        f"`{release.release_id}`, committed as log entry {release.entry_index}, alpha {release.alpha:g}, "
        f"{release.bits} bits.\n\n| device | copy | log entry | artefact |\n|---|---|---|---|\n{rows}\n"
    )
