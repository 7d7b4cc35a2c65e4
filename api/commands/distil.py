"""`countermark distil`: from a configuration to pack, kit and copies. May be killed and run again at any time."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.desks import Data, Server, desk_of
from api.commands.output import AsJson, show_json, show_table
from api.commands.signing import SigningKey, load_key


def distil(
    config: Annotated[Path, typer.Argument(help="Configuration, TOML; docs/distil.md has its form.")],
    register: Annotated[
        bool, typer.Option("--register", help="Commit the release, reserve and issue the copies in the registry.")
    ] = False,
    sign_key: SigningKey = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Prepare a release and distil a copy for each device, going on where an earlier run stopped, to the same bytes."""
    if sign_key is not None and not register:
        raise typer.BadParameter("only registered copies are signed; give --register", param_hint="--sign-key")
    key, later = load_key(sign_key), import_module("api.distilling.run")  # it loads torch
    asked: dict[str, Any] = {"key": key, "progress": sys.stderr.isatty()}
    if register:
        with desk_of(data, server) as desk:
            found = later.distil(config, desk=desk, **asked)
    else:
        found = later.distil(config, desk=None, **asked)
    if as_json:
        show_json(found)
        return
    models = [("verifier pack", found["pack"]), ("signing kit", found["kit"])]
    models += [(f"clean student {number}", each) for number, each in enumerate(found["clean"])]
    models += [(f"copy for {each['device']}", each) for each in found["copies"]]
    rows = [(what, each.get("accuracy"), each["file"], each["digest"]) for what, each in models]
    show_table(("", "accuracy", "file", "digest"), rows, title=f"{found['release']}: {found['release_id']}")
