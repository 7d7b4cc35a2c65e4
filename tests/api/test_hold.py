"""Forgetting, legal holds and retention, on the command line and over HTTP."""

from datetime import UTC, datetime

import pytest

from api.client import ServiceError
from registry.store import open_registry


@pytest.fixture
def enrolled_place(place):
    """A registry with two devices."""
    for name in ("edge-0", "edge-1"):
        place.json("device", "enroll", name, "--silicon", place.path / f"{name}.chip")
    return place


def test_a_held_device_is_forgotten_only_once_the_hold_is_lifted(enrolled_place):
    """Place, list, lift, forget; the audit passes afterwards and the name is gone from the lists."""
    place = enrolled_place
    hold = place.json("hold", "place", "device", "edge-0", "--reason", "Case 7")
    place.run("device", "forget", "edge-0", "--yes", code=1)
    assert hold["id"] in place.stderr
    assert "Case 7" in place.run("hold", "list")
    assert place.json("hold", "lift", hold["id"])["lifted_at"]
    assert place.json("hold", "list")["items"][0]["lifted_at"]
    forgotten = place.json("device", "forget", "edge-0", "--yes")
    assert forgotten["forgotten"]
    assert "edge-0" not in place.run("device", "list")
    assert place.json("log", "audit")["audited"]


def test_forgetting_asks_first(enrolled_place):
    """Without a yes nothing happens."""
    enrolled_place.run("device", "forget", "edge-0", code=1)
    assert enrolled_place.json("device", "show", "edge-0")["forgotten"] is False


def test_retention_says_what_is_due(enrolled_place):
    """A device revoked just now is not due; a rehearsal and a run agree on that."""
    enrolled_place.json("device", "revoke", "edge-0")
    for args in (("--dry-run",), ()):
        done = enrolled_place.json("retention", "apply", "--older-than", 30, *args)
        assert (done["forgotten"], done["held"], done["api_keys"]) == ([], [], [])
        assert done["rehearsed"] is bool(args)
    assert "outcome" in enrolled_place.run("retention", "apply", "--older-than", 30)


def test_a_verdict_outlives_a_forgotten_device(released):
    """Over HTTP: the verdict is told with the name as long as there is one, and stands unchanged without it."""
    client = released.service.client()
    case = client.open_case("digits-1", suspect="x")
    answers = released.world.copy(released.codewords["edge-0"], released.world.pack.probes)
    before = client.send_outputs(case.id, answers, kind="logits")
    assert before.named == ["edge-0"]
    held = client.place_hold("case", case.id, reason="Case 7")
    with pytest.raises(ServiceError) as caught:
        client.forget_device("edge-0")
    assert caught.value.problem.type == "/problems/under-hold"
    client.lift_hold(held.id)
    forgotten = client.forget_device("edge-0")
    after = client.verdict(case.id)
    assert after.named == [forgotten.name]
    assert [row.device_id for row in after.ranked] == [row.device_id for row in before.ranked]
    assert after.verdict_digest == before.verdict_digest
    assert client.apply_retention(before.recorded_at).forgotten == []
    assert [hold.id for hold in client.holds().items] == [held.id]


def test_records_of_exchanges_go_with_the_answers_though_a_kill_kept_them(released):
    """What was destroyed in the registry by a process that went no further goes from `records/` the next time."""
    client, records = released.service.client(), released.service.data / "records"
    records.mkdir()
    answers = released.world.copy(released.codewords["edge-0"], released.world.pack.probes)
    decided, late, still_open = (client.open_case("digits-1", suspect="x").id for _ in range(3))
    client.send_outputs(decided, answers, kind="logits")
    names = {case: {f"{case}.0123456789abcdef.{end}" for end in ("jsonl", "1")} for case in (decided, late, still_open)}
    for name in set().union(*names.values()):
        (records / name).write_text("an exchange\n")
    with open_registry(released.service.data) as store, store.unit() as registry:
        tenant = registry.tenant("acme").id
        assert registry.apply_retention(tenant, datetime.now(UTC)).answers == (decided,)
    before = datetime.now(UTC)
    client.send_outputs(late, answers, kind="logits")
    assert client.apply_retention(before, rehearse=True).answers == []
    assert len(list(records.iterdir())) == 6
    assert client.apply_retention(before).answers == []
    assert {path.name for path in records.iterdir()} == names[late] | names[still_open]
    assert client.apply_retention(datetime.now(UTC)).answers == [late]
    assert {path.name for path in records.iterdir()} == names[still_open]
