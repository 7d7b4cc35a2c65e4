"""Tokens of an identity provider: accepted where they hold, refused in every way in which they do not."""

import base64
import hmac
import json
import time
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.oidc.claims import ClaimNames, caller_id
from api.oidc.errors import BearerRefused, IssuerUnreachable, OidcUnusable
from api.oidc.keys import KEPT, PAUSE, STALE, IssuerKeys
from api.oidc.provider import LEEWAY
from api.settings import Settings
from registry.records import Scope
from tests.api.oidc.issuer import AUDIENCE, issuing

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def issuer():
    """An identity provider."""
    with issuing() as found:
        yield found


class Clock:
    """Time, set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock():
    """By which the issuer's keys grow old."""
    return Clock()


@pytest.fixture
def web(released, issuer, clock):
    """A service that accepts its tokens."""
    settings = Settings(
        data=released.service.data, oidc_issuer=issuer.url, oidc_audience=AUDIENCE, allow_networks=LOOPBACK
    )
    with TestClient(create_app(settings)) as found:
        found.app.state.oidc.keys._clock = clock
        yield found


def asked(web, token, path="/v1/cases", method="GET", **more):
    """Status and type of the answer to a caller with the token."""
    answer = web.request(method, path, headers={"Authorization": f"Bearer {token}", **more.pop("headers", {})}, **more)
    kind = answer.json().get("type", "") if answer.status_code >= 400 else ""
    return answer.status_code, kind.removeprefix("/problems/")


def test_a_token_is_accepted_where_an_api_key_is(web, issuer, released):
    """For its tenant, with its scopes and no others; API keys go on working, and the keys are fetched once."""
    assert asked(web, issuer.token()) == (200, "")
    assert asked(web, issuer.token(), "/v1/devices") == (403, "wrong-scope")
    assert asked(web, issuer.token(scope=["countermark:release"]), "/v1/devices") == (200, "")
    assert asked(web, issuer.token(aud=["other", AUDIENCE])) == (200, "")
    assert asked(web, issuer.token(scope=None)) == (403, "wrong-scope")
    assert asked(web, released.service.tokens["acme"]["audit"]) == (200, "")
    opened = web.post(
        "/v1/cases",
        json={"release": "digits-1", "suspect": "s"},
        headers={"Authorization": f"Bearer {issuer.token()}", "Idempotency-Key": "k"},
    )
    assert opened.status_code == 201
    other = issuer.token(tenant="rival")
    assert asked(web, other, f"/v1/cases/{opened.json()['id']}") == (404, "unknown-case")
    assert issuer.fetched == 1


def test_two_subjects_do_not_share_an_idempotency_key(web, issuer):
    """The same subject gets its answer again, whatever its token; another one's request is another request."""
    ids = []
    for subject in ("a", "a", "b"):
        token = issuer.token(sub=subject)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "same"}
        ids.append(web.post("/v1/cases", json={"release": "digits-1", "suspect": "s"}, headers=headers).json()["id"])
    assert ids[0] == ids[1] != ids[2]


def encoded(data: bytes) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def refused(issuer) -> dict[str, str]:
    """Tokens that must not be accepted, by what is wrong with them."""
    now = int(time.time())
    stranger = ec.generate_private_key(ec.SECP256R1())
    good = issuer.token()
    head, body, signature = good.split(".")
    none, hmac_head = (encoded(json.dumps({"alg": alg, "kid": "one"}).encode()) for alg in ("none", "HS256"))
    public, signed = json.dumps(issuer.jwks()["keys"][0]).encode(), f"{hmac_head}.{body}".encode()
    claims = jwt.decode(good, options={"verify_signature": False})
    return {
        "wrong audience": issuer.token(aud="https://other.example"),
        "no audience": issuer.token(aud=None),
        "wrong issuer": issuer.token(iss="https://evil.example"),
        "not yet": issuer.token(nbf=now + 120),
        "no expiry": issuer.token(exp=None),
        "no subject": issuer.token(sub=None),
        "no tenant": issuer.token(tenant=None),
        "a tenant that is no text": issuer.token(tenant=["acme"]),
        "unknown tenant": issuer.token(tenant="nobody"),
        "a stranger's signature": issuer.token(key=stranger),
        "unknown key": issuer.token("two", key=stranger),
        "key in the header": issuer.token(key=stranger, header={"jwk": issuer.jwks()["keys"][0]}),
        "an extension that is critical": issuer.token(header={"crit": ["exp2"], "exp2": 1}),
        "signed by nobody": f"{none}.{body}.",
        "signature left out": f"{head}.{body}.",
        "claims changed": f"{head}.{body[:-4]}AAAA.{signature}",
        "a public key for a secret": f"{hmac_head}.{body}.{encoded(hmac.digest(public, signed, 'sha256'))}",
        "another algorithm": issuer.token(key=rsa.generate_private_key(65537, 2048), alg="RS256"),
        "no key named": jwt.encode(claims, issuer.keys["one"], algorithm="ES256"),
        "rubbish": "eyJ.eyJ.x",
    }


def test_a_token_that_does_not_hold_is_refused(web, issuer):
    """401, with the way out and no word of the token's own; the keys are not fetched for every one of them."""
    for what, token in refused(issuer).items():
        assert asked(web, token) == (401, "bearer-refused"), what
    expired = issuer.token(exp=int(time.time()) - 60)
    assert asked(web, expired) == (401, "bearer-expired")
    answered = 0.0
    while time.time() > answered:  # again, where a stall took what the leeway left
        answered = time.time() + LEEWAY - 10
        late = asked(web, issuer.token(exp=int(time.time()) - 5))
    assert late == (200, "")
    answer = web.get("/v1/cases", headers={"Authorization": f"Bearer {issuer.token(iss='https://evil.example')}"})
    assert "Bearer" in answer.headers["www-authenticate"]
    assert "evil" not in answer.text
    assert issuer.fetched == 1


def test_without_a_provider_its_tokens_are_unknown(released, issuer):
    """As any other word that is no API key."""
    assert asked(released.service.web, issuer.token()) == (401, "unknown-token")


def test_the_keys_are_rotated(web, issuer, clock):
    """A token of a new key is accepted at once, and one of a key that was withdrawn no more."""
    old = issuer.token()
    assert asked(web, old) == (200, "")
    issuer.keys = {"two": ec.generate_private_key(ec.SECP256R1())}
    clock.now += PAUSE
    assert asked(web, issuer.token("two")) == (200, "")
    assert asked(web, old) == (401, "bearer-refused")
    assert issuer.fetched == 2


def test_an_issuer_that_is_down_is_503_until_it_is_back(web, issuer, released, clock):
    """With Retry-After, and API keys go on working; its metadata must be its own."""
    issuer.down = True
    assert asked(web, issuer.token()) == (503, "issuer-unreachable")
    assert asked(web, released.service.tokens["acme"]["audit"]) == (200, "")
    issuer.down, issuer.claimed = False, "https://other.example"
    assert asked(web, issuer.token()) == (503, "issuer-unreachable")
    clock.now += PAUSE
    assert asked(web, issuer.token()) == (503, "issuer-unreachable")
    issuer.claimed = issuer.url
    clock.now += PAUSE
    assert asked(web, issuer.token()) == (200, "")


def test_the_issuer_is_asked_within_the_outbound_rules(released, issuer):
    """A private address that the operator did not allow is not called."""
    settings = Settings(data=released.service.data, oidc_issuer=issuer.url, oidc_audience=AUDIENCE)
    with TestClient(create_app(settings)) as web:
        assert asked(web, issuer.token()) == (503, "issuer-unreachable")
    assert issuer.fetched == 0


def test_the_description_says_so(web, issuer, standing):
    """Wherever an API key does, the provider does; and nothing is said where there is none."""
    paths = web.get("/openapi.json").json()["paths"]
    assert paths["/v1/cases"]["get"]["security"] == [{"API key": []}, {"OpenID Connect": []}]
    assert "security" not in paths["/livez"]["get"]
    assert "OpenID Connect" not in standing.service.web.get("/openapi.json").text


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"oidc_audience": None}, "OIDC_AUDIENCE"),
        ({"oidc_issuer": "http://idp.example"}, "https"),
        ({"oidc_jwks": "http://idp.example/keys"}, "https"),
    ],
)
def test_settings_without_sense_are_refused_at_the_start(tmp_path, changed, says):
    """Before anything is served."""
    given = {"oidc_issuer": "https://idp.example", "oidc_audience": AUDIENCE, **changed}
    with pytest.raises(OidcUnusable, match=says):
        create_app(Settings(data=tmp_path, **given))


def test_keys_are_kept_for_a_while_and_an_issuer_is_not_pestered():
    """Ten minutes; unknown ids cause one call in ten seconds; an issuer that is away is forgiven for a day."""
    clock, calls, away = Clock(), [], False

    def fetch():
        calls.append(clock.now)
        if away:
            raise IssuerUnreachable("away")
        return [{"kid": "one"}, {"kid": 7}, {}]

    keys = IssuerKeys(fetch, clock=clock)
    for _ in range(3):
        assert keys.key("one") == {"kid": "one"}
        assert keys.key("two") is None
    assert calls == [0.0]
    clock.now = PAUSE
    assert keys.key("two") is None
    assert calls == [0.0, PAUSE]
    away, clock.now = True, PAUSE + KEPT + 1
    assert keys.key("one") == {"kid": "one"}
    assert keys.key("one") == {"kid": "one"}
    assert len(calls) == 3
    clock.now = PAUSE + STALE + 1
    for _ in range(2):
        with pytest.raises(IssuerUnreachable):
            keys.key("one")
    assert len(calls) == 4


@given(
    st.lists(st.sampled_from([*Scope, "everything", ""])), st.sampled_from(["", "countermark:", "x/"]), st.booleans()
)
def test_scopes_are_those_of_this_service_and_no_others(words, prefix, as_text):
    """Whatever else the claim holds, as a text or as a list; without the prefix nothing is a scope of this service."""
    told = [prefix + str(word) for word in words] + ["openid"]
    names = ClaimNames(scope="s", prefix=prefix)
    found = names.scopes_of({"s": " ".join(told) if as_text else told})
    assert found == {word for word in words if isinstance(word, Scope)}
    assert replace(names, prefix="no:").scopes_of({"s": told}) == frozenset()


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.integers())), st.text(min_size=1))
def test_claims_of_any_form_are_read_or_refused(claims, path):
    """A tenant is a text that is not empty, or the token is refused; scopes of any form are scopes."""
    names = ClaimNames(tenant=path, scope=path)
    assert names.scopes_of(claims) <= set(Scope)
    try:
        assert names.tenant_of(claims)
    except BearerRefused:
        assert not isinstance(claims.get(path), str) or not claims[path]


@given(st.text(), st.text())
def test_a_subject_has_one_name_that_tells_nothing(issuer_name, subject):
    """The same each time, of one length."""
    assert caller_id(issuer_name, subject) == caller_id(issuer_name, subject)
    assert len(caller_id(issuer_name, subject)) == len("oidc:") + 32
