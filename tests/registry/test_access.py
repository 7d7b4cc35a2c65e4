"""Tenants and API keys: scopes, expiry, revocation, peppers."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import (
    AlreadyRevoked,
    DuplicateName,
    ExpiredToken,
    KeyEnded,
    MalformedName,
    MalformedValue,
    UnknownApiKey,
    UnknownTenant,
    UnknownToken,
    WrongScope,
)
from registry.records import NewApiKey, Scope
from registry.store import Store


@pytest.fixture
def key(store: Store, tenant: str) -> NewApiKey:
    """A key for investigations."""
    with store.unit() as registry:
        return registry.create_api_key(tenant, "bench", {Scope.INVESTIGATE})


def test_a_token_names_its_tenant_and_scopes(store: Store, tenant: str, key: NewApiKey) -> None:
    """Whoever presents the token is the tenant, with the key's scopes and no other."""
    with store.reading() as registry:
        principal = registry.authenticate(key.token)
    assert (principal.tenant, principal.key_id) == (tenant, key.id)
    principal.require(Scope.INVESTIGATE)
    for scope in set(Scope) - {Scope.INVESTIGATE}:
        with pytest.raises(WrongScope, match=scope):
            principal.require(scope)


def test_a_token_is_shown_once(store: Store, tenant: str, key: NewApiKey) -> None:
    """Lists and representations hold no token."""
    with store.reading() as registry:
        (listed,) = registry.api_keys(tenant)
    assert (listed.id, listed.name, listed.scopes, listed.revoked_at) == (key.id, "bench", key.scopes, None)
    assert key.token not in repr(key)
    assert not hasattr(listed, "token")


def test_a_revoked_key_is_unknown(store: Store, tenant: str, key: NewApiKey) -> None:
    """A revoked key's token is refused like one that never was; revoking it again is refused."""
    with store.unit() as registry:
        assert registry.revoke_api_key(tenant, key.id).revoked_at is not None
    with store.reading() as registry, pytest.raises(UnknownToken):
        registry.authenticate(key.token)
    with pytest.raises(AlreadyRevoked), store.unit() as registry:
        registry.revoke_api_key(tenant, key.id)
    with pytest.raises(UnknownApiKey), store.unit() as registry:
        registry.revoke_api_key(tenant, "0" * 32)


def test_an_expired_key_says_so(store: Store, tenant: str, clock: Callable[[], datetime]) -> None:
    """A key works until its expiry and not a second longer."""
    with store.unit() as registry:
        key = registry.create_api_key(tenant, "short", {Scope.AUDIT}, clock() + timedelta(seconds=4))
    with store.reading() as registry:
        registry.authenticate(key.token)
        clock()
        with pytest.raises(ExpiredToken, match="short"):
            registry.authenticate(key.token)


@given(life=st.none() | st.integers(200, 10**7), overlap=st.integers(0, 90 * 86_400), number=st.integers(1, 99))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_rotated_key_lives_as_long_and_the_old_one_ends_after_the_overlap(
    store: Store, tenant: str, clock: Any, life: int | None, overlap: int, number: int
) -> None:
    """Same scopes, same length of life, next free number; the old key works till its end, which is no later."""
    with store.unit() as registry:
        name = f"k{uuid4()}.{number}"
        expires = None if life is None else clock.now + timedelta(seconds=life)
        old = registry.create_api_key(tenant, name, {Scope.AUDIT, Scope.RELEASE}, expires)
        new = registry.rotate_api_key(tenant, old.id, overlap=timedelta(seconds=overlap))
        assert (new.scopes, new.name) == (old.scopes, f"{name.rpartition('.')[0]}.{number + 1}")
        kept = {key.id: key for key in registry.api_keys(tenant)}[old.id]
        if old.expires_at is None:
            assert new.expires_at is None
        else:
            assert new.expires_at - new.created_at == old.expires_at - old.created_at
            assert kept.expires_at <= old.expires_at
        assert kept.expires_at <= new.created_at + timedelta(seconds=overlap)
        assert registry.authenticate(new.token).scopes == old.scopes
        clock.now = kept.expires_at - timedelta(seconds=2)
        assert registry.authenticate(old.token).key_id == old.id
        clock.now = max(clock.now, kept.expires_at)
        with pytest.raises(ExpiredToken):
            registry.authenticate(old.token)
        with pytest.raises(KeyEnded):
            registry.rotate_api_key(tenant, old.id, overlap=timedelta())


def test_a_key_for_all_time_is_rotated(store: Store, tenant: str, clock: Any) -> None:
    """No time is later than the last one."""
    last = datetime.max.replace(tzinfo=UTC)
    with store.unit() as registry:
        old = registry.create_api_key(tenant, "ever", {Scope.AUDIT}, last)
        clock.now += timedelta(days=1)
        assert registry.rotate_api_key(tenant, old.id, overlap=timedelta()).expires_at == last


def test_what_cannot_be_rotated(store: Store, tenant: str, key: NewApiKey) -> None:
    """An overlap out of range, a name that is taken, a key that was revoked or is another tenant's."""
    with store.unit() as registry:
        for days in (-1, 91):
            with pytest.raises(MalformedValue, match="overlap"):
                registry.rotate_api_key(tenant, key.id, overlap=timedelta(days=days))
        with pytest.raises(DuplicateName):
            registry.rotate_api_key(tenant, key.id, overlap=timedelta(), name="bench")
        with pytest.raises(UnknownApiKey):
            registry.rotate_api_key(registry.create_tenant("other").id, key.id, overlap=timedelta())
        registry.revoke_api_key(tenant, key.id)
        with pytest.raises(KeyEnded):
            registry.rotate_api_key(tenant, key.id, overlap=timedelta())


def test_unknown_tokens(store: Store, key: NewApiKey) -> None:
    """A well-formed token of nobody, and a malformed one, are unknown."""
    with store.reading() as registry:
        for token in ("cmk_00000000000000000000000000000000000004edJq1"[:47], "nonsense", key.token[:-1]):
            with pytest.raises(UnknownToken):
                registry.authenticate(token)


def test_peppers_rotate_without_new_tokens(
    store: Store, tenant: str, key: NewApiKey, opening: Callable[[], AbstractContextManager[Store]]
) -> None:
    """Tokens under an older live pepper stay valid, and new ones go under the newest."""
    store.add_pepper()
    with store.unit() as registry:
        later = registry.create_api_key(tenant, "later", {Scope.AUDIT})
    with opening() as again, again.reading() as registry:
        assert registry.authenticate(key.token).key_id == key.id
        assert registry.authenticate(later.token).key_id == later.id


@pytest.mark.parametrize("name", ["", " x", "x ", "a/b", ".", "..", "a\nb", "x" * 129, "e\u0301", "\ud800", "a\u202eb"])
def test_malformed_names(store: Store, tenant: str, name: str) -> None:
    """Names that are empty, too long, not composed, or hold slashes or what does not print are refused everywhere."""
    with store.unit() as registry:
        for use in (
            lambda: registry.create_tenant(name),
            lambda: registry.create_api_key(tenant, name, {Scope.AUDIT}),
            lambda: registry.enroll_device(tenant, name, helper_data=b"h", identity="0" * 64, codeword_key=bytes(32)),
        ):
            with pytest.raises(MalformedName):
                use()
        assert registry.enrolled(tenant) == 0


def test_names_are_unique(store: Store, tenant: str, key: NewApiKey) -> None:
    """A tenant's name is taken once, a key's once within its tenant."""
    with store.unit() as registry:
        with pytest.raises(DuplicateName):
            registry.create_tenant("acme")
        with pytest.raises(DuplicateName):
            registry.create_api_key(tenant, "bench", {Scope.AUDIT})
        other = registry.create_tenant("other").id
        assert registry.create_api_key(other, "bench", {Scope.AUDIT}).name == key.name
        assert registry.tenant("other").id == other


def test_keys_need_a_tenant_a_scope_and_a_future(store: Store, tenant: str, clock: Callable[[], datetime]) -> None:
    """No key for nobody, for nothing, or for a time that is past or has no zone."""
    with store.unit() as registry:
        with pytest.raises(UnknownTenant):
            registry.create_api_key("0" * 32, "k", {Scope.AUDIT})
        with pytest.raises(UnknownTenant):
            registry.tenant("nobody")
        with pytest.raises(MalformedValue, match="scope"):
            registry.create_api_key(tenant, "k", set())
        with pytest.raises(MalformedValue, match="scopes are"):
            registry.create_api_key(tenant, "k", {"root"})  # type: ignore[arg-type]  # what a caller may send
        for when in (clock(), clock().replace(tzinfo=None) + timedelta(days=1)):
            with pytest.raises(MalformedValue, match="zone"):
                registry.create_api_key(tenant, "k", {Scope.AUDIT}, when)
        assert registry.api_keys(tenant) == ()
