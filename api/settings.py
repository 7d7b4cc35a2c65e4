"""Everything that the environment decides, read once and only here."""

import base64
import binascii
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1 << 20
_KEK_BYTES = 32


class Settings(BaseSettings):
    """Settings of the service and of the local commands; each is `COUNTERMARK_` and its name in capitals.

    Attributes:
        data: directory of the registry: database, keys, packs.
        kek: the key-encryption key, 32 bytes in base64 or hexadecimal; while rotating: new one, comma, old one.
        keys: where key-encryption keys are kept when `kek` is not set: `file`, `kms:...`, `pkcs11:...` or `age:...`, as
            `registry.keys.places` has it.
        keys_seconds: how long an unwrapped data key is remembered, so that not every request asks the place; 0: never.
        log_key: where the log's own signing key is kept: `file`, or `pkcs11:...` as `registry.signing.places` has it.
        database_url: another database than the SQLite file in the data directory.
        max_upload_bytes: the most bytes of a request that carries a file (a verifier pack, a suspect's answers).
        max_body_bytes: the most bytes of any other request.
        max_array_bytes: the most bytes that a suspect's answers may occupy once unpacked.
        upload_seconds: the longest that a body may take to arrive.
        max_requests: the most requests served at once; beyond it the answer is 503.
        max_verifications: the most verifications between first byte and verdict; each may hold `max_array_bytes`.
        weighing: how many verifications compute at once.
        rate_calls: the most requests of one API key, for example `600/minute`.
        rate_verdicts: the most verdicts of one API key.
        rate_tries: the most tries to get a verdict in one case, of all of a tenant's keys together.
        rate_cases: the most cases about one release that a tenant's keys may open together: each is a question.
        rate_store: where the counts are kept: `memory://`, or `redis://HOST` for several processes.
        public_log: whether everybody may read the log's static files under /tlog, without a key.
        asking: how many suspects are run or asked at once.
        run_models: whether uploaded models are run, in processes of their own.
        architectures: directory of the architectures that uploaded weights may belong to, as NAME.json; else
            `architectures` in the data directory.
        max_model_bytes: the most bytes of an uploaded model.
        model_memory: bytes of memory of one run of a model.
        model_seconds: processor time of one run; twice as much passes at most.
        ask_endpoints: whether the service asks endpoints itself.
        allow_networks: networks that are no public ones and may be called nevertheless, as a JSON list of CIDR.
        answer_seconds: the longest that one answer of an endpoint may take.
        answer_bytes: the most bytes of one answer of an endpoint.
        asking_seconds: after which asking stops; the same request again goes on.
        jobs: how workers learn of steps to do: `rows`, they look into the jobs' table; `procrastinate`, on PostgreSQL
            they are told (extra `cluster`, `api.jobs.backends`).
        workers: how many threads do the steps of durable jobs in the service, where endpoints are asked or models run;
            0 leaves them to `countermark worker`.
        lease_seconds: after which a step whose worker is gone is free for another; workers that live renew it.
        stop_seconds: how long a step under way may take to end when the worker is stopped.
        witness_policy: policy file of the log; the service asks its witnesses for cosignatures by itself.
        witness_seconds: between two rounds of asking; there is none where the log did not grow and nobody had failed.
        oidc_issuer: identity provider whose bearer tokens are accepted beside API keys, as `iss` has it (extra `oidc`).
        oidc_audience: what its tokens' `aud` must hold.
        oidc_jwks: address of its keys; else its metadata say (OpenID Connect Discovery).
        oidc_tenant_claim: claim that holds a tenant's name; dots lead into objects.
        oidc_scope_claim: claim that holds the scopes, a text or a list.
        oidc_scope_prefix: what scopes of this service begin with there.
        traces: exporter of OpenTelemetry's traces (`otlp`, `console`); else what the standard OTEL_* variables say
            (extra `otel`, `api.otel`).
        metrics_token: Bearer token for /metrics; without it there are none.
        tenant: name of the tenant that local commands act for.
        server: address of a service that commands talk to instead of the data directory.
        token: of the API key that they then use.
    """

    model_config = SettingsConfigDict(env_prefix="COUNTERMARK_", extra="forbid", frozen=True, hide_input_in_errors=True)

    data: Path = Path("countermark-data")
    kek: SecretStr | None = None
    keys: str = "file"
    keys_seconds: Annotated[int, Field(ge=0, le=86_400)] = 300
    log_key: str = "file"
    database_url: SecretStr | None = None
    max_upload_bytes: Annotated[int, Field(gt=0)] = 256 * MIB
    max_body_bytes: Annotated[int, Field(gt=0)] = 2 * MIB
    max_array_bytes: Annotated[int, Field(gt=0)] = 512 * MIB
    upload_seconds: Annotated[int, Field(gt=0)] = 120
    max_requests: Annotated[int, Field(gt=0)] = 256
    max_verifications: Annotated[int, Field(gt=0)] = 16
    weighing: Annotated[int, Field(gt=0)] = os.cpu_count() or 1
    rate_calls: str = "1200/minute"
    rate_verdicts: str = "120/minute"
    rate_tries: str = "200/day"
    rate_cases: str = "2000/day"
    rate_store: str = "memory://"
    public_log: bool = False
    asking: Annotated[int, Field(gt=0)] = 4
    run_models: bool = False
    architectures: Path | None = None
    max_model_bytes: Annotated[int, Field(gt=0)] = 128 * MIB
    model_memory: Annotated[int, Field(ge=256 * MIB)] = 4096 * MIB
    model_seconds: Annotated[int, Field(gt=0)] = 60
    ask_endpoints: bool = False
    allow_networks: tuple[IPvAnyNetwork, ...] = ()
    answer_seconds: Annotated[float, Field(gt=0)] = 30.0
    answer_bytes: Annotated[int, Field(gt=0)] = 16 * MIB
    asking_seconds: Annotated[float, Field(gt=0)] = 240.0
    jobs: Literal["rows", "procrastinate"] = "rows"
    workers: Annotated[int, Field(ge=0, le=256)] = 2
    lease_seconds: Annotated[float, Field(ge=0.2)] = 30.0
    stop_seconds: Annotated[float, Field(ge=0)] = 10.0
    witness_policy: Path | None = None
    witness_seconds: Annotated[float, Field(ge=0.1)] = 60.0
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks: str | None = None
    oidc_tenant_claim: str = "tenant"
    oidc_scope_claim: str = "scope"
    oidc_scope_prefix: str = "countermark:"
    traces: str | None = None
    metrics_token: SecretStr | None = None
    tenant: str = "default"
    server: str | None = None
    token: SecretStr | None = None

    @field_validator("kek")
    @classmethod
    def _kek_is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _keys_bytes(value.get_secret_value())
        return value

    @field_validator("keys")
    @classmethod
    def _one_place(cls, value: str, info: ValidationInfo) -> str:
        if value != "file" and info.data.get("kek") is not None:
            raise ValueError("COUNTERMARK_KEK is set too; set one of them")
        return value

    @field_validator("jobs")
    @classmethod
    def _a_queue_has_a_server(cls, value: str, info: ValidationInfo) -> str:
        given = info.data.get("database_url")
        if value == "procrastinate" and not (given and given.get_secret_value().startswith("postgresql")):
            raise ValueError("needs COUNTERMARK_DATABASE_URL=postgresql+psycopg://...; on SQLite leave it out")
        return value

    @property
    def url(self) -> str | None:
        """The database's URL, its password included; None for the SQLite file in the data directory."""
        return None if self.database_url is None else self.database_url.get_secret_value()

    @property
    def kek_bytes(self) -> bytes | None:
        """The key-encryption keys as bytes, the current one first, or None where they are kept in a place."""
        return None if self.kek is None else _keys_bytes(self.kek.get_secret_value())


def _keys_bytes(text: str) -> bytes:
    return b"".join(_key_bytes(part.strip()) for part in text.split(","))


def _key_bytes(text: str) -> bytes:
    """The 32 bytes that base64 or hexadecimal text stands for; the text itself is never in the message."""
    try:
        key = bytes.fromhex(text) if len(text) == 2 * _KEK_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError("neither base64 nor hexadecimal; make one with: openssl rand -base64 32") from error
    if len(key) != _KEK_BYTES:
        raise ValueError(f"{len(key)} bytes, not {_KEK_BYTES}; make one with: openssl rand -base64 32")
    return key
