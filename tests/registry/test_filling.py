"""The registries that `python -m benchmarks.scale` measures are such as the use-cases would have made."""

from pathlib import Path

from benchmarks.scale.filling import KEK, RELEASE, TENANT, fill
from fingerprint.pack import VerifierPack
from registry.store import open_registry
from tests.registry.conftest import Databases

ON_EVERY_DATABASE = True


def test_a_registry_that_was_filled_past_the_use_cases_is_sound_and_goes_on(
    databases: Databases, tmp_path: Path, pack: VerifierPack
) -> None:
    """The audit opens every key and codeword and finds no fault, before and after a use-case has written on."""
    place = databases.new(tmp_path / "filled")
    fill(place.directory, place.url, 7, pack)
    with open_registry(place.directory, kek=KEK, database_url=place.url) as store:
        report = store.audit()
        assert (report.size, report.published, report.opened) == (22, 22, 15)
        with store.unit() as registry:
            tenant = registry.tenant(TENANT).id
            registry.reserve_copy(tenant, RELEASE, registry.devices(tenant, limit=1).items[0].name)
        assert store.audit().rows["copies"] == 8
    databases.drop(place)
