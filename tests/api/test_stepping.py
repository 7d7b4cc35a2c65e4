"""Steps that break down: put off with doubled pauses, a bounded number of times, and gone on with once it is mended."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.asker import Asker
from api.jobs.spec import new_job, suspect_of
from api.jobs.stepping import Stepper
from api.suspects.errors import SuspectUnreachable
from registry.errors import BlobTampered
from registry.jobs import Happened, JobState
from registry.store import open_registry
from registry.usecases.job_rows import LONGEST_REASON, short
from registry.usecases.leases import MOST_FAILURES
from tests.api.serving import leaking
from tests.api.suspects.suspect_server import Suspect
from tests.api.test_jobs import settings_of
from tests.loopback import serving
from tests.patience import comes

PAUSES = [2, 4, 8, 16]


class Bench:
    """A store whose clock is set by hand, a stepper over it, and jobs that ask edge-0's copy behind an address."""

    def __init__(self, released: Any, leaked: Any) -> None:
        self.leaked = leaked
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self.data: Path = released.service.data
        self.credential = self.data / "credential"
        self.credential.write_text("hush")
        self.asker = Asker(settings=settings_of(released))
        self.verdicts: list[Any] = []

    def stepper(self, store: Any) -> Stepper:
        """A stepper that reads a file of its own before it reaches a suspect."""

        def reach(lease: Any) -> Any:
            self.credential.read_bytes()
            return suspect_of(self.asker, lease, bytes)

        told = lambda _, recorded: self.verdicts.append(recorded)  # noqa: E731 - a name for a line
        return Stepper(store, reach, owner="me", seconds=600, said=told)

    def opened(self, store: Any, tenant: str, **more: Any) -> str:
        """A job of two questions and a look."""
        asked = {"token": None, "kind": None, "batch": 200, "priority": 0, "budget": 400, **more}
        with store.unit() as registry:
            case = registry.open_case(tenant, "digits-1", suspect="s")
            new = new_job(self.asker, self.leaked.described(), **asked)
            return str(registry.open_job(tenant, case.id, new).id)

    def pack(self) -> Path:
        """The file of the release's verifier pack."""
        (found,) = (self.data / "packs").iterdir()
        return found


@pytest.fixture
def bench(released) -> Iterator[tuple[Bench, Any, str]]:
    """The bench, its store and the tenant."""
    weight, bias = released.world.kit.head_delta(released.codewords["edge-0"])
    with leaking(released.world.weight + weight, released.world.bias + bias) as leaked:
        made = Bench(released, leaked)
        with open_registry(made.data, clock=lambda: made.now) as store:
            with store.reading() as registry:
                tenant = registry.tenant("acme").id
            yield made, store, tenant


def job_of(store: Any, tenant: str, job_id: str) -> Any:
    """The job as it stands."""
    with store.reading() as registry:
        return registry.job(tenant, job_id)


def breaks_down(made: Bench, store: Any, tenant: str, job_id: str, error: type[Exception]) -> Any:
    """The job after the step broke down until nobody tries it any more; every pause is waited for and no longer."""
    stepper = made.stepper(store)
    for pause in PAUSES:
        with pytest.raises(error):
            stepper.step()
        job = job_of(store, tenant, job_id)
        assert job.not_before == made.now + timedelta(seconds=pause)
        made.now += timedelta(seconds=pause - 0.5)
        assert not stepper.step()
        made.now += timedelta(seconds=0.5)
    with pytest.raises(error):
        stepper.step()
    made.now += timedelta(days=1)
    assert not stepper.step()
    return job_of(store, tenant, job_id)


def test_a_step_whose_pack_is_gone_fails_the_job_and_a_retry_goes_on(bench):
    """One error names step, exception and way out; put back, the job decides, and no probe was counted for nothing."""
    made, store, tenant = bench
    job_id = made.opened(store, tenant)
    pack = made.pack()
    kept = pack.rename(pack.with_suffix(".away"))
    failed = breaks_down(made, store, tenant, job_id, BlobTampered)
    assert (failed.state, failed.asked, failed.answered) == (JobState.FAILED, 0, 0)
    for part in ("step 0 (probes 0 to 199)", "BlobTampered", pack.name, f"countermark job retry {job_id}"):
        assert part in failed.failure
    kept.rename(pack)
    with store.unit() as registry:
        registry.retry_job(tenant, job_id)
    stepper = made.stepper(store)
    while stepper.step():
        pass
    done = job_of(store, tenant, job_id)
    assert (done.state, done.asked, done.failures, done.failure) == (JobState.DONE, 400, 0, None)
    assert [len(each.verdict.named) for each in made.verdicts] == [1]
    assert made.leaked.probes == 400


def test_an_error_of_the_machine_is_named_and_its_text_is_the_operators(bench):
    """A tenant reads which step broke down and by what; paths of the worker stay in its log."""
    made, store, tenant = bench
    job_id = made.opened(store, tenant)
    made.credential.unlink()
    failed = breaks_down(made, store, tenant, job_id, FileNotFoundError)
    assert "FileNotFoundError: the worker's log says more" in failed.failure
    assert str(made.data) not in failed.failure
    assert (failed.asked, made.leaked.asked) == (0, 0)


def test_a_look_that_breaks_down_counts_anew_after_a_step_that_ends(bench):
    """Only errors in a row are counted, and a job that decides at last says nothing of those before."""
    made, store, tenant = bench
    job_id = made.opened(store, tenant)
    stepper, pack = made.stepper(store), made.pack()
    made.credential.unlink()
    with pytest.raises(FileNotFoundError):
        stepper.step()
    made.credential.write_text("hush")
    made.now += timedelta(seconds=2)
    assert stepper.step()
    assert stepper.step()
    assert job_of(store, tenant, job_id).failures == 0
    kept = pack.rename(pack.with_suffix(".away"))
    for failures, pause in enumerate(PAUSES, 1):
        with pytest.raises(BlobTampered):
            stepper.step()
        assert job_of(store, tenant, job_id).failures == failures
        made.now += timedelta(seconds=pause)
    assert "step 2 (the look after 400 probes)" in job_of(store, tenant, job_id).failure
    kept.rename(pack)
    assert stepper.step()
    done = job_of(store, tenant, job_id)
    assert (done.state, done.failures, done.failure) == (JobState.DONE, 0, None)
    with store.reading() as registry:
        names = [event.name for event in registry.job_events(tenant, job_id, after=0, limit=99)]
    assert names.count(Happened.POSTPONED) == 1 + len(PAUSES) == MOST_FAILURES


class Crowded:
    """A store that gives the first of its units that a keeper of a lease begins no connection.

    Attributes:
        kept: that a keeper's later unit ended.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self._stepper = threading.get_ident()
        self._refused = False
        self.kept = threading.Event()

    def reading(self) -> Any:
        """As of the store."""
        return self._store.reading()

    @contextmanager
    def unit(self) -> Iterator[Any]:
        """As of the store, but for a keeper's first."""
        keeps = threading.get_ident() != self._stepper
        if keeps and not self._refused:
            self._refused = True
            raise TimeoutError("all connections are in use")
        with self._store.unit() as registry:
            yield registry
        if keeps:
            self.kept.set()


def test_a_lease_is_kept_though_keeping_it_failed_once(bench):
    """By whatever error: the step goes on, and nobody else gets it meanwhile."""
    made, store, tenant = bench
    crowded = Crowded(store)

    def reach(_: Any) -> Any:
        comes(crowded.kept)
        raise SuspectUnreachable("none")

    job_id = made.opened(store, tenant)
    assert Stepper(crowded, reach, owner="me", seconds=0.2, said=lambda *_: None).step()
    assert job_of(store, tenant, job_id).failure == "none"


def test_a_budget_is_kept_though_answers_are_lost(bench):
    """A suspect that takes the probes and hangs up was put them: they are counted before they are put to it again."""
    made, store, tenant = bench
    suspect = Suspect()
    with serving(suspect):
        described = {"url": f"{suspect.url}/nobody", "body": {"instances": "$probes"}, "answers": "/predictions"}
        made.leaked.described = lambda: described
        job_id = made.opened(store, tenant, budget=200)
        stepper = made.stepper(store)
        assert stepper.step()
        made.now += timedelta(seconds=2)
        assert stepper.step()
    failed = job_of(store, tenant, job_id)
    assert (failed.state, failed.asked) == (JobState.FAILED, 200)
    assert "200 probes were asked, and 200 may be" in failed.failure
    assert sum(len(json.loads(body)["instances"]) for _, _, body in suspect.seen) == 200


def test_a_job_whose_seal_is_broken_fails_and_stops_nobody(bench):
    """It would be due for ever; the job behind it decides."""
    made, store, tenant = bench
    first, second = made.opened(store, tenant, priority=1), made.opened(store, tenant)
    with store.unit() as registry:
        spec = registry.leases._stored.stored(tenant, first).spec
        registry.leases._stored.change(tenant, first, spec=spec[:-1] + bytes([spec[-1] ^ 1]))
    stepper = made.stepper(store)
    while stepper.step():
        pass
    failed = job_of(store, tenant, first)
    assert (failed.state, "altered" in failed.failure) == (JobState.FAILED, True)
    assert job_of(store, tenant, second).state == JobState.DONE


@given(reason=st.text(max_size=20).map(lambda text: text * 60), room=st.text(max_size=50))
def test_the_way_out_is_never_cut(reason, room):
    """However long a reason is, it and what follows it have bearable length, and one line."""
    cut = short(reason, room_for=room)
    assert len(cut + room) <= LONGEST_REASON
    assert "\n" not in cut
