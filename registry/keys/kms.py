"""Key-encryption keys in AWS KMS, named by an alias; they never leave it. Credentials are AWS's own settings.

The alias points to the current key. A key's id here is its ARN, so that rows say which key wrapped them wherever the
alias has moved since. The row's context goes in as encryption context, hashed: AWS writes it into its audit trail.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from registry.errors import KeysUnavailable, RotatedElsewhere, SealBroken, UnknownKey
from registry.extras import need
from registry.keys.base import Wrapped

ALIAS = "alias/"
SECONDS = {"connect_timeout": 3, "read_timeout": 5}
_CONTEXT = "countermark"
_BROKEN = {"InvalidCiphertextException", "IncorrectKeyException", "ValidationException"}
_MISSING = {"NotFoundException"}


class KmsKeys:
    """A `KeyProvider` over KMS.

    Args:
        client: of boto3 for KMS.
        key: alias (`alias/NAME`), or the id or ARN of one key, which then cannot be rotated from here.

    Raises:
        UnknownKey: there is no such key.
        KeysUnavailable: KMS cannot be reached, or refuses.
    """

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key
        self._account = _account(self._resolve())

    def __repr__(self) -> str:
        return f"KmsKeys({self._key})"

    @classmethod
    def connect(cls, key: str, *, region: str | None = None, endpoint: str | None = None, create: bool) -> "KmsKeys":
        """Over a new client; with `create`, an alias that points nowhere gets a first key.

        Raises:
            ExtraMissing: boto3 is not installed.
        """
        boto3 = need("boto3", extra="kms", purpose="a key in AWS KMS")
        config = need("botocore.config", extra="kms", purpose="a key in AWS KMS").Config
        settings = config(**SECONDS, retries={"max_attempts": 3, "mode": "standard"})
        with _errors(key):
            client = boto3.client("kms", region_name=region, endpoint_url=endpoint, config=settings)
        if create and key.startswith(ALIAS) and not _exists(client, key):
            _point(client, key)
        return cls(client, key)

    @property
    def current(self) -> str:
        """ARN of the key that the alias points to."""
        return self._resolve()

    @property
    def place(self) -> str:
        """The alias or key."""
        return f"kms:{self._key}"

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """KMS Encrypt under the key that the alias points to, which KMS names in its answer."""
        with _errors(self._key):
            made = self._client.encrypt(KeyId=self._key, Plaintext=data_key, EncryptionContext=_hashed(context))
        return Wrapped(made["KeyId"], made["CiphertextBlob"])

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """KMS Decrypt under that key, which must be of the same account and region as the current one.

        Whoever can write to the database could otherwise name a key of an account of their own.
        """
        if _account(key_id) != self._account:
            raise UnknownKey(f"something is sealed under {key_id}, which is no key of {self._account}")
        with _errors(key_id):
            opened = self._client.decrypt(KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext=_hashed(context))
        data_key: bytes = opened["Plaintext"]
        return data_key

    def rotate(self) -> str:
        """A new key, and the alias pointed to it; its ARN, wherever others have pointed the alias since."""
        if not self._key.startswith(ALIAS):
            raise RotatedElsewhere(f"{self._key} is one key; name an alias (alias/NAME) to rotate what it points to")
        return _point(self._client, self._key)

    def _resolve(self) -> str:
        with _errors(self._key):
            arn: str = self._client.describe_key(KeyId=self._key)["KeyMetadata"]["Arn"]
        return arn


def _account(arn: str) -> str:
    """The part of a key's ARN that says whose it is, and in which region."""
    return arn.rpartition("/")[0]


def _hashed(context: bytes) -> dict[str, str]:
    return {_CONTEXT: hashlib.sha256(context).hexdigest()}


def _exists(client: Any, alias: str) -> bool:
    try:
        with _errors(alias):
            client.describe_key(KeyId=alias)
    except UnknownKey:
        return False
    return True


def _point(client: Any, alias: str) -> str:
    """The ARN of a new key, to which the alias points from now on."""
    move: Callable[..., Any] = client.update_alias if _exists(client, alias) else client.create_alias
    with _errors(alias):
        made = client.create_key(Description=f"Countermark {alias}")["KeyMetadata"]
        move(AliasName=alias, TargetKeyId=made["KeyId"])
    arn: str = made["Arn"]
    return arn


@contextmanager
def _errors(key: str) -> Iterator[None]:
    """AWS's errors as ours; none of their texts holds a key."""
    exceptions = need("botocore.exceptions", extra="kms", purpose="a key in AWS KMS")
    try:
        yield
    except exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _BROKEN:
            raise SealBroken("a data key does not unwrap here: it was altered, or moved from another row") from error
        if code in _MISSING:
            raise UnknownKey(f"KMS has no key {key}; make it, or run: countermark keys rotate") from error
        raise KeysUnavailable(f"KMS refused to use {key}: {code}; look at the key's policy and state") from error
    except exceptions.BotoCoreError as error:
        raise KeysUnavailable(f"KMS cannot be reached for {key}: {error}") from error
