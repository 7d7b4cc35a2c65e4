"""Fleets: whatever the executor and whoever is killed, the results are those of a serial run."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from distill.errors import SettingsError, WorkersKilled
from distill.fleet import processes, serial, spread
from tests.distill.beyond.children import copied


def test_a_killed_worker_changes_nothing(tmp_path):
    """Two jobs kill their worker by SIGKILL once each: all is done, in order, to the same bits as one by one."""
    (tmp_path / "serial").mkdir()
    names = ("a", "dies-1", "b", "dies-2", "c")
    for name in names:
        (tmp_path / "serial" / name).touch()
    seen = []
    found = spread(copied, [f"{tmp_path} {name}" for name in names], processes(2), done=seen.append)
    expected = serial(copied, [f"{tmp_path / 'serial'} {name}" for name in names])
    assert list(found) == [f"{tmp_path} {name}" for name in names]
    assert list(found.values()) == list(expected.values())
    assert len(set(found.values())) == len(names)
    assert sorted(seen) == sorted(found)


def test_a_job_that_kills_every_worker_is_given_up(tmp_path):
    """After so many pools without one job done; it is named."""
    with pytest.raises(WorkersKilled, match=r"2 times over .* always"):
        spread(copied, [f"{tmp_path} always"], processes(1), attempts=2)


def test_a_job_that_fails_is_not_repeated(tmp_path):
    """Its own error, which names it, after the others are done; any executor will do."""
    seen = []
    with pytest.raises(SettingsError) as raised:
        spread(copied, [f"{tmp_path} wrong", f"{tmp_path} b"], lambda: ThreadPoolExecutor(1), done=seen.append)
    assert "wrong" in raised.value.__notes__[0]
    assert seen == [f"{tmp_path} b"]
