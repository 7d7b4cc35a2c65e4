"""The log's side of the protocol: honest witnesses, lying ones, and ones that are not there."""

import http.server
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.errors import CheckpointTampered, NotPublished, WitnessFailed
from registry.log.cosignature import Ed25519Cosigner, verifier_from_vkey
from registry.log.note import Note, require_signature
from registry.log.policy import Policy
from registry.records import Checkpoint
from registry.store import Store
from registry.witness.client import ask, post_over_http
from registry.witness.messages import Answer
from registry.witness.state import FileState
from registry.witness.witness import Witness
from tests.loopback import serving

URL = "https://witness.example"
Post = Callable[[str, bytes], Answer]


@pytest.fixture
def asking(history: Any, cosigners: Any) -> Callable[..., Any]:
    """Asks a witness for its cosignature of the log's checkpoint of a size."""

    def ask_(post: Post, size: int, old: int = 0) -> Any:
        return ask(
            history.checkpoint(size),
            verifier=cosigners[0].verifier,
            url=URL + "/",
            old=old,
            prove=lambda old: history.prove(old, size),
            post=post,
        )

    return ask_


def to(witness: Witness) -> Post:
    """A transport that calls the witness."""

    def post(url: str, body: bytes) -> Answer:
        assert url == f"{URL}/add-checkpoint"
        return witness.add_checkpoint(body)

    return post


def test_an_honest_witness_cosigns(witness: Witness, asking: Callable[..., Any], history: Any, cosigners: Any) -> None:
    """The answer is this key's cosignature, verified; after a wrong guess the witness says where it is."""
    (line,) = asking(to(witness), 3)
    text = Note.parse(history.checkpoint(3).note).text
    require_signature(Note(text=text, signatures=(line,)), cosigners[0].verifier)
    assert len(asking(to(witness), 9, old=0)) == 1
    assert len(asking(to(witness), 12, old=9)) == 1


def test_a_witness_that_has_seen_more_fails(witness: Witness, asking: Callable[..., Any]) -> None:
    """A log that was rolled back, or asks with an old checkpoint, is told so."""
    asking(to(witness), 9)
    with pytest.raises(WitnessFailed, match="more than the 5"):
        asking(to(witness), 5)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(404, "text/plain", b"who?"), "404: who"),
        (Answer(500, "text/html", b"\xff" * 999), "500"),
        (Answer(302, "", b""), "302"),
        (Answer(409, "text/plain", b"two histories"), "409: two histories"),
        (Answer(409, "text/x.tlog.size", b"many\n"), "without a size"),
        (Answer(409, "text/x.tlog.size; charset=utf-8", b"4\n"), "409"),
        (Answer(200, "text/plain", b""), "without a cosignature"),
        (Answer(200, "text/plain", "— other.example AAAAAAAA\n".encode()), "without a cosignature"),
        (Answer(200, "text/plain", "— witness.example/w1 AAAAAAAA\n".encode()), "without a cosignature"),
    ],
)
def test_other_answers_fail(asking: Callable[..., Any], answer: Answer, says: str) -> None:
    """Whatever is no verified cosignature fails, with what was answered."""
    with pytest.raises(WitnessFailed, match=says):
        asking(lambda url, body: answer, 9)


def test_a_cosignature_of_something_else_fails(
    make_witness: Callable[[FileState], Witness], asking: Callable[..., Any], history: Any, tmp_path: Path
) -> None:
    """A valid cosignature of another checkpoint is not believed."""
    other = make_witness(FileState(tmp_path / "other")).add_checkpoint(history.request(0, 8))
    with pytest.raises(WitnessFailed, match="did not cosign"):
        asking(lambda url, body: other, 9)


def test_a_silent_witness_fails(asking: Callable[..., Any]) -> None:
    """A witness that cannot be reached is named."""

    def refuse(url: str, body: bytes) -> Answer:
        raise ConnectionRefusedError("nobody there")

    with pytest.raises(WitnessFailed, match=r"witness\.example.*nobody there"):
        asking(refuse, 9)


@pytest.fixture
def served(witness: Witness) -> Iterator[str]:
    """The witness behind HTTP on the loopback interface."""

    class Handler(http.server.BaseHTTPRequestHandler):
        """The two lines that a web framework would need."""

        def do_POST(self) -> None:
            """Answer for the witness."""
            if self.path == "/moved/add-checkpoint":
                answer = Answer(302, "text/plain", b"")
            else:
                answer = witness.add_checkpoint(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Location", "/add-checkpoint")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}"


def test_over_http(served: str, history: Any) -> None:
    """Answers of every status arrive over HTTP as the witness gave them; redirects are not followed."""
    assert post_over_http(f"{served}/add-checkpoint", history.request(0, 3)).status == 200
    assert post_over_http(f"{served}/add-checkpoint", history.request(0, 9)) == Answer(409, "text/x.tlog.size", b"3\n")
    assert post_over_http(f"{served}/moved/add-checkpoint", b"").status == 302
    with pytest.raises(WitnessFailed, match="http"):
        post_over_http("file:///etc/passwd", b"")


@pytest.fixture
def watching(store: Store, tmp_path: Path) -> tuple[Policy, Post, Ed25519Cosigner]:
    """A policy with one witness that answers, one that is down and one without a URL."""
    with store.reading() as registry:
        vkey = registry.verifier_key()
    cosigner, down, silent = (
        Ed25519Cosigner(f"w{number}.example", bytes([number]) * 32, lambda: 1700000000) for number in (1, 2, 3)
    )
    witness = Witness({"example.com/log": [verifier_from_vkey(vkey)]}, [cosigner], FileState(tmp_path / "w1"))
    policy = Policy.parse(
        f"log {vkey}\nwitness one {cosigner.verifier.vkey()} {URL}\nwitness down {down.verifier.vkey()} http://down\n"
        f"witness silent {silent.verifier.vkey()}\nquorum one\n".encode()
    )

    def post(url: str, body: bytes) -> Answer:
        if url.startswith(URL):
            return witness.add_checkpoint(body)
        raise ConnectionRefusedError("down")

    return policy, post, cosigner


def test_a_store_collects_cosignatures(
    store: Store, tenant: str, enrol: Callable[..., Any], watching: tuple[Policy, Post, Ed25519Cosigner]
) -> None:
    """The log's second key and the witness cosign the newest checkpoint, again and again; failures are named."""
    policy, post, _ = watching
    seen: list[Checkpoint] = []
    for number in range(3):
        enrol(tenant, f"pump {number}")
        cosigned = store.cosign(policy, post)
        assert set(cosigned.failed) == {"down", "silent"}
        assert policy.open(cosigned.checkpoint.note).size == number + 1
        seen.append(cosigned.checkpoint)
        for vkey in store.cosigner_keys():
            require_signature(Note.parse(cosigned.checkpoint.note), verifier_from_vkey(vkey))
    with store.reading() as registry:
        assert registry.checkpoint() == seen[-1]
        assert policy.open(registry.proof(0).checkpoint.note).size == 3
        assert registry.proof(0, size=2).checkpoint == seen[1]
        with pytest.raises(NotPublished):
            registry.proof(0, size=9)
    again = store.cosign(policy, post)
    assert again.checkpoint == seen[-1]
    report = store.audit(policy=policy)
    assert (report.cosignatures, report.size) == (6, 3)


def test_an_uncosigned_checkpoint_does_not_meet_the_policy(
    store: Store, tenant: str, enrol: Callable[..., Any], watching: tuple[Policy, Post, Ed25519Cosigner]
) -> None:
    """Without a policy only the log's own second key cosigns."""
    enrol(tenant, "pump")
    cosigned = store.cosign()
    assert not cosigned.failed
    assert watching[0].cosigned(cosigned.checkpoint.note) == frozenset()
    assert store.audit().cosignatures == 1


def test_a_false_cosignature_is_found_by_the_audit(
    store: Store, tenant: str, enrol: Callable[..., Any], raw_update: Callable[..., None]
) -> None:
    """A stored cosignature that was changed is found."""
    enrol(tenant, "pump")
    store.cosign()
    raw_update("UPDATE cosignature SET signature = zeroblob(2428)")
    with pytest.raises(CheckpointTampered, match="cosignature"):
        store.audit()


def test_a_rolled_back_log_is_caught_by_its_witness(
    store: Store,
    tenant: str,
    enrol: Callable[..., Any],
    watching: tuple[Policy, Post, Ed25519Cosigner],
    raw_update: Callable[..., None],
) -> None:
    """An operator who drops the newest entry and signs another in its place gets no cosignature."""
    policy, post, _ = watching
    for name in ("one", "two"):
        enrol(tenant, name)
    store.cosign(policy, post)
    raw_update(
        "DELETE FROM device WHERE name = 'two'",
        "DELETE FROM cosignature",
        "DELETE FROM checkpoint WHERE size = 2",
        "DELETE FROM log_node WHERE idx = 1 OR level = 1",
        "DELETE FROM log_entry WHERE idx = 1",
    )
    enrol(tenant, "three")
    store.audit()  # by itself the new history is whole
    assert "two histories" in store.cosign(policy, post).failed["one"]
