"""The log's Ed25519 key in a hardware security module, through PKCS#11 (CKM_EDDSA): made there, it never leaves it.

A key is a pair of one label on the curve edwards25519 (RFC 8410, 1.3.101.112). Modules give CKA_EC_POINT as the 32
bytes of RFC 8032, or as an OCTET STRING that holds them.
"""

from collections.abc import Callable
from typing import Any

from registry.errors import KeysUnavailable, UnknownKey
from registry.keys import hsm
from registry.keys.hsm import TURNS, errors, library

KEY_BYTES, ID_BYTES = 32, 8
_CURVE = bytes.fromhex("06032b6570")  # 1.3.101.112 in DER


class TokenSigningKey:
    """A `SigningKey` in a token; threads take turns.

    Args:
        session: logged in.
        label: of the pair, ASCII without colon.
        token: label of the token, for people.

    Raises:
        MalformedValue: a label that is none.
        UnknownKey: the token has no pair of that label, or several.
    """

    def __init__(self, session: Any, *, label: str, token: str) -> None:
        hsm.require_label(label)
        self._place = f"pkcs11:token={token};object={label}"
        with TURNS, errors():
            kinds = library().ObjectClass
            pair = [_objects(session, label, kind) for kind in (kinds.PUBLIC_KEY, kinds.PRIVATE_KEY)]
            if [len(found) for found in pair] != [1, 1]:
                raise UnknownKey(
                    f"the token '{token}' holds no single Ed25519 key pair '{label}'; run: countermark init"
                )
            (public,), (self._private,) = pair
            self._public = bytes(public[library().Attribute.EC_POINT])[-KEY_BYTES:]

    def __repr__(self) -> str:
        return f"TokenSigningKey({self._place})"

    @classmethod
    def connect(
        cls, module: str, *, token: str, label: str, pin: str, entropy: Callable[[int], bytes], create: bool
    ) -> "TokenSigningKey":
        """Over a new session; with `create`, a token without such a pair gets one.

        Raises:
            ExtraMissing: python-pkcs11 is not installed.
            KeysUnavailable: no such module or token, another PIN, or a module that cannot make Ed25519 keys.
        """
        hsm.require_label(label)
        with TURNS, errors():
            session = hsm.log_in(module, token, pin)
            if create and not _objects(session, label, library().ObjectClass.PRIVATE_KEY):
                _generate(session, label, entropy(ID_BYTES))
        return cls(session, label=label, token=token)

    @property
    def public_key(self) -> bytes:
        """As the token has it."""
        return self._public

    @property
    def place(self) -> str:
        """Token and label."""
        return self._place

    def sign(self, message: bytes) -> bytes:
        """The module signs."""
        with TURNS, errors():
            signature: bytes = self._private.sign(message, mechanism=library().Mechanism.EDDSA)
        if len(signature) != 64:
            raise KeysUnavailable(f"{self._place} made {len(signature)} bytes, and an Ed25519 signature has 64")
        return signature


def _objects(session: Any, label: str, kind: Any) -> list[Any]:
    attribute, keys = library().Attribute, library().KeyType
    wanted = {attribute.CLASS: kind, attribute.KEY_TYPE: keys.EC_EDWARDS, attribute.LABEL: label}
    return list(session.get_objects(wanted))


def _generate(session: Any, label: str, identifier: bytes) -> None:
    pkcs11 = library()
    curve = {pkcs11.Attribute.EC_PARAMS: _CURVE}
    session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, curve, local=True).generate_keypair(
        mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
        label=label,
        id=identifier,
        store=True,
        private_template={pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False},
    )
