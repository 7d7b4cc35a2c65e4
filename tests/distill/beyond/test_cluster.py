"""A fleet over a cluster's executor: a real scheduler and real worker processes of Dask, one of them killed."""

import pytest

from distill.fleet import serial, spread
from tests.distill.beyond.children import copied

distributed = pytest.importorskip("distributed")


@pytest.mark.slow  # workers load PyTorch, each twice: seconds
@pytest.mark.filterwarnings("ignore::UserWarning:distributed")  # what it says of a machine's ports and memory
def test_a_cluster_whose_worker_is_killed_gives_what_a_serial_run_gives(tmp_path):
    """A job kills its worker by SIGKILL once: its nanny starts another, and all is done, in order, to the same bits."""
    (tmp_path / "serial").mkdir()
    (tmp_path / "scratch").mkdir()
    names = ("a", "dies-1", "b", "c")
    for name in names:
        (tmp_path / "serial" / name).touch()
    expected = serial(copied, [f"{tmp_path / 'serial'} {name}" for name in names])
    seen: list[str] = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1",
            local_directory=str(tmp_path / "scratch"), silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        before = set(client.run(lambda: None))
        found = spread(copied, [f"{tmp_path} {name}" for name in names], client.get_executor, done=seen.append)
        client.wait_for_workers(2, timeout=60)
        after = set(client.run(lambda: None))
    assert list(found.values()) == list(expected.values())
    assert sorted(seen) == sorted(found)
    assert (tmp_path / "dies-1").exists()
    assert after != before
