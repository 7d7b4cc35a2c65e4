"""Laws of every backend of jobs, at every database that it can work with."""

import threading
from typing import get_args

import pytest

from api.jobs.backends.catalogue import KINDS
from api.settings import Settings
from registry.jobs import JobState
from tests.api.jobs.conftest import SITES
from tests.api.jobs.site import SOON, Opened, Site
from tests.patience import comes, until


def test_the_suite_is_about_every_backend() -> None:
    """The catalogue's, which are those that the settings know."""
    named = get_args(Settings.model_fields["jobs"].annotation)
    assert {backend for backend, _database in SITES} == set(KINDS) == set(named)


def test_every_job_comes_to_its_end_and_asks_every_probe_once(site: Site) -> None:
    """Three jobs, two threads: steps of one job one after another, whoever does them."""
    with site.working() as backend:
        jobs = [site.opened(number) for number in range(3)]
        for each in jobs:
            backend.announce(each.due)
        for each in jobs:
            assert each.ended().state == JobState.DONE
            assert each.asked == [1] * 400
            with site.store.reading() as registry:
                named = registry.verdict(each.due.tenant, each.job.case_id).named
            assert named == (() if each is jobs[0] else (f"edge-{jobs.index(each) - 1}",))


def test_what_nobody_was_told_of_is_found(site: Site) -> None:
    """A job that another process stored before it was killed; one stored before anybody worked."""
    before = site.opened()
    with site.working(lease_seconds=SOON):
        assert before.ended().state == JobState.DONE
        assert site.opened().ended().state == JobState.DONE


def test_what_was_announced_is_begun_without_looking(site: Site) -> None:
    """Leases, and with them the looks for what nobody was told of, are longer than this test may take."""
    with site.working() as backend:
        opened = site.opened()
        backend.announce(opened.due)
        backend.announce(opened.due)
        assert opened.ended().state == JobState.DONE
        assert opened.asked == [1] * 400


def test_the_higher_priority_goes_first(site: Site) -> None:
    """Of two jobs that wait for one thread."""
    with site.working(start=False, workers=1) as backend:
        jobs = [site.opened(priority=priority, batch=400) for priority in (-3, 5, 0)]
        for each in jobs:
            backend.announce(each.due)
        backend.start()
        for each in jobs:
            each.ended()
    places = [batch.place for batch in site.endpoint.asked if batch.place in {each.place for each in jobs}]
    assert places == [jobs[1].place, jobs[2].place, jobs[0].place]


def test_whoever_stops_gives_its_step_back(site: Site) -> None:
    """Leases last half an hour; the next process goes on at once nevertheless."""
    opened = site.opened()
    with site.endpoint.held(opened.place) as holding:
        with site.working(stop_seconds=0.0) as backend:
            backend.announce(opened.due)
            comes(holding)
        until(lambda: is_due(site, opened))
    with site.working() as backend:
        backend.announce(opened.due)
        assert opened.ended().state == JobState.DONE


def is_due(site: Site, opened: Opened) -> bool:
    """Whether the job's next step may be begun."""
    with site.store.reading() as registry:
        return registry.leases.due(opened.due) is not None


def test_an_ended_job_is_left_alone(site: Site) -> None:
    """Announced once more, cancelled ones likewise: nothing is asked."""
    done, cancelled = site.opened(), site.opened()
    with site.store.unit() as registry:
        registry.cancel_job(cancelled.due.tenant, cancelled.due.job_id)
    with site.working() as backend:
        backend.announce(cancelled.due)
        backend.announce(done.due)
        done.ended()
        backend.announce(done.due)
        another = site.opened()
        backend.announce(another.due)
        assert another.ended().state == JobState.DONE
    assert done.asked == [1] * 400
    assert cancelled.asked == []


@pytest.mark.parametrize("start", [True, False])
def test_nothing_is_left_of_a_backend_that_stopped(site: Site, start: bool) -> None:
    """No thread of its own; whether it was started or not."""
    before = set(threading.enumerate())
    with site.working(start=start):
        pass
    until(lambda: not started_since(before))
    assert started_since(before) == set()


def started_since(before: set[threading.Thread]) -> set[threading.Thread]:
    """Our own threads that there are now, and were not before."""
    return {each for each in set(threading.enumerate()) - before if each.name.startswith("countermark")}
