"""`countermark keys`: rotate, rewrap, status, wherever the keys are kept."""

import json
import os

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.keys import keys_of
from api.settings import Settings
from registry.keys.age import AgeKeys
from registry.keys.local import LocalKeys
from registry.keys.remembering import Remembering
from registry.store import open_registry
from tests.registry.signing.clear import left_in_the_clear
from tests.softhsm import SOFTHSM


def test_rotate_rewrap_status(place):
    """The file's key: a new one, rows still under the old one, moved, and the old one destroyed."""
    place.json("device", "enroll", "edge-7", "--silicon", place.path / "a.chip")
    first = place.json("keys", "status")
    assert first["settled"]
    assert first["rows"] == {first["current"]: 2}
    rotated = place.json("keys", "rotate")
    assert rotated["previous"] == first["current"] != rotated["current"]
    status = place.json("keys", "status")
    assert (status["current"], status["settled"]) == (rotated["current"], False)
    assert status["rows"] == {first["current"]: 2}
    assert place.json("keys", "rewrap") == {"current": rotated["current"], "rewrapped": 2, "dropped": 0}
    assert f"{rotated['current']}: 2" in place.run("keys", "status")
    assert place.json("keys", "rewrap", "--drop-old") == {"current": rotated["current"], "rewrapped": 0, "dropped": 1}
    assert (place.path / "data" / "kek.key").read_text().count("\n") == 1
    assert place.json("log", "audit")["audited"]


def run(directory, *args, code=0, **environment):
    """Run a command with --json in a directory."""
    settings = {"COUNTERMARK_DATA": str(directory), **environment}
    result = CliRunner().invoke(app, [*map(str, args), "--json"], env=settings)
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return json.loads(result.stdout) if result.stdout else result.stderr


def test_a_place_is_chosen_by_a_variable(tmp_path):
    """A registry on age identities: made by `init`, rotated and rewrapped; without the variable nothing opens."""
    pytest.importorskip("pyrage")
    keys = {"COUNTERMARK_KEYS": f"age:{tmp_path}/identities.txt"}
    run(tmp_path / "data", "init", **keys)
    assert not (tmp_path / "data" / "kek.key").exists()
    before = run(tmp_path / "data", "keys", "status", **keys)
    assert before["place"] == f"age:{tmp_path}/identities.txt"
    assert before["current"].startswith("age1")
    after = run(tmp_path / "data", "keys", "rotate", **keys)["current"]
    assert run(tmp_path / "data", "keys", "rewrap", **keys)["rewrapped"] == 1
    assert run(tmp_path / "data", "keys", "status", **keys)["rows"] == {after: 1}
    assert "kek.key" in run(tmp_path / "data", "keys", "status", code=1)
    run(tmp_path / "data", "keys", "rewrap", "--drop-old", code=2, **keys)


def test_places_that_are_none(tmp_path):
    """A word that names no place, and two places at once, are refused before anything is made."""
    assert "no place" in run(tmp_path / "data", "init", code=1, COUNTERMARK_KEYS="vault:x")
    assert not (tmp_path / "data").exists()
    both = {"COUNTERMARK_KEYS": "age:x", "COUNTERMARK_KEK": "00" * 32}
    assert "COUNTERMARK_KEYS" in run(tmp_path / "data", "init", code=1, **both)


def test_a_key_in_a_variable_is_rotated_there(tmp_path):
    """`rotate` refuses; with the new key before the old one, `rewrap` moves every row."""
    old, new = "00" * 32, "11" * 32
    run(tmp_path / "data", "init", COUNTERMARK_KEK=old)
    assert "before them" in run(tmp_path / "data", "keys", "rotate", code=1, COUNTERMARK_KEK=old)
    assert run(tmp_path / "data", "keys", "rewrap", COUNTERMARK_KEK=f"{new},{old}")["rewrapped"] == 1
    assert run(tmp_path / "data", "keys", "status", COUNTERMARK_KEK=new)["settled"]
    with open_registry(tmp_path / "data", kek=bytes.fromhex(new)) as store:
        store.audit()


def test_a_service_follows_a_rotation(service):
    """A running service goes on over rows that were rotated and rewrapped beside it."""
    client = service.client()
    environment = {"COUNTERMARK_DATA": str(service.data)}
    for command in ("rotate", "rewrap"):
        done = CliRunner().invoke(app, ["keys", command], env={**os.environ, **environment})
        assert done.exit_code == 0, done.stderr
    assert client.api_keys().items  # the token is known by a pepper that was rewrapped


def test_how_long_data_keys_are_remembered(tmp_path):
    """Five minutes by default, never for 0, and not at all for keys that are in memory anyway."""
    pytest.importorskip("pyrage")
    given = {"data": tmp_path, "keys": f"age:{tmp_path}/identities.txt"}
    assert isinstance(keys_of(Settings(**given), create=True), Remembering)
    assert isinstance(keys_of(Settings(**given, keys_seconds=0)), AgeKeys)
    assert isinstance(keys_of(Settings(data=tmp_path, kek="00" * 32)), LocalKeys)
    assert keys_of(Settings(data=tmp_path)) is None


def test_an_old_log_key_is_sealed(tmp_path):
    """Status tells of a key in the clear and of the command, which seals it once, under the same public key."""
    data = tmp_path / "data"
    key = run(data, "init")["log_key"]
    left_in_the_clear(data)
    before = run(data, "keys", "status")
    assert (before["log_key"], before["log_key_sealed_under"]) == (f"file:{data / 'log.key'}", None)
    assert "seal-log-key" in CliRunner().invoke(app, ["keys", "status"], env={"COUNTERMARK_DATA": str(data)}).stdout
    sealed = run(data, "keys", "seal-log-key")
    assert sealed == {"sealed": True, "log_key": before["log_key"], "under": before["current"]}
    assert not run(data, "keys", "seal-log-key")["sealed"]
    assert run(data, "log", "key")["key"] == key


def test_a_security_module_signs(tmp_path, softhsm):
    """A log whose key is in a token: `init` makes it, others use it; audit and status need neither it nor its PIN."""
    place = f"pkcs11:token=tests;object=api?module-path={SOFTHSM}&pin-source={softhsm / 'pin'}"
    held, data = {"COUNTERMARK_LOG_KEY": place}, tmp_path / "data"
    key = run(data, "init", **held)["log_key"]
    run(data, "device", "enroll", "edge-7", "--silicon", tmp_path / "a.chip", **held)
    away = {"COUNTERMARK_LOG_KEY": place.replace("module-path=", "module-path=/nowhere")}
    assert run(data, "log", "audit", **away)["published"] == 1
    assert run(data, "keys", "status", **away)["log_key"] == "pkcs11:token=tests;object=api"
    assert "module" in run(data, "tenant", "create", "rival", code=1, **away)
    assert "kept elsewhere" in run(data, "tenant", "create", "rival", code=1)
    assert run(data, "log", "key", **held)["key"] == key
    assert "no place" in run(data, "tenant", "create", "rival", code=1, COUNTERMARK_LOG_KEY="vault:x")
