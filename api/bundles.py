"""Signatures of copies in the format of OpenSSF Model Signing v1.0: detached Sigstore bundles, by key, of one file.

    FILE.sig = bundle v0.3 { hint of the key, DSSE envelope { in-toto Statement v1 { SHA-256 of the file } } }

`model_signing verify key FILE --signature FILE.sig --public_key KEY` reads them, and what it signs is read here. Keys
are elliptic (P-256, P-384, P-521) in PEM. A signature says who let the file go; whose copy it is, the registry says.

Verification, and what each step stops:

| step | what | what it stops |
|---|---|---|
| 1 | the bundle parses, with one signature over one statement | signatures that nobody checks |
| 2 | its hint names the key that was given | a puzzling failure: the wrong key is said to be wrong |
| 3 | the key signed exactly these bytes of the statement | an altered statement |
| 4 | the statement is a model signature of one file, its digests agree with each other | another kind of statement |
| 5 | the file has the digest | an altered file |
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "https://model_signing/signature/v1.0"
ITSELF = "."  # what Model Signing calls the one file of a model that is a file
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


class BundleError(Exception):
    """A signature of a copy that cannot be made or does not hold."""


class BundleMalformed(BundleError):
    """No Sigstore bundle of a model signature of one file, or no key of a kind that signs them."""


class BundleInvalid(BundleError):
    """A signature that the key did not make, or that is of another file."""


def private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key that signs.

    Raises:
        BundleMalformed: not an unencrypted elliptic private key of P-256, P-384 or P-521 in PEM.
    """
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BundleMalformed(
            f"not an unencrypted private key in PEM ({error}); make one with:"
            " openssl ecparam -name prime256v1 -genkey -noout -out sign.key"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in _HASHES:
        raise BundleMalformed("models are signed with elliptic keys of P-256, P-384 or P-521; this is another kind")
    return key


def public_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    """The key that signatures are checked with.

    Raises:
        BundleMalformed: not an elliptic public key of P-256, P-384 or P-521 in PEM.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BundleMalformed(f"not a public key in PEM ({error}); make one with: openssl ec -pubout") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _HASHES:
        raise BundleMalformed("models are signed with elliptic keys of P-256, P-384 or P-521; this is another kind")
    return key


def sign(name: str, data: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The bundle of a file.

    Args:
        name: what the statement calls the file; nobody has to believe it.
        data: the file's bytes.
        key: from `private_key`.
    """
    payload = json.dumps(_statement(name, hashlib.sha256(data).digest())).encode()
    signature = key.sign(_pae(payload), ec.ECDSA(_HASHES[key.curve.name]))
    bundle = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": _hint(key.public_key())}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return json.dumps(bundle, indent=1).encode() + b"\n"


def verify(bundle: bytes, data: bytes, key: ec.EllipticCurvePublicKey) -> None:
    """Return if the key signed this file; the numbered steps are those of the module's table.

    Raises:
        BundleMalformed: steps 1 and 4.
        BundleInvalid: steps 2, 3 and 5.
    """
    # 1. One signature over one statement.
    payload, signature, hint = _opened(bundle)
    # 2. Of this key.
    if hint and hint != _hint(key):
        raise BundleInvalid(f"signed by the key {hint[:16]}..., not by the one given, {_hint(key)[:16]}...")
    # 3. The signature.
    try:
        key.verify(signature, _pae(payload), ec.ECDSA(_HASHES[key.curve.name]))
    except InvalidSignature as error:
        raise BundleInvalid("the key did not sign this statement; it was altered, or signed by another key") from error
    # 4. The statement.
    digest = _digest(payload)
    # 5. The file.
    if hashlib.sha256(data).digest() != digest:
        raise BundleInvalid("the signature is of another file: this one was altered, or is another copy")


def _statement(name: str, digest: bytes) -> dict[str, Any]:
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": hashlib.sha256(digest).hexdigest()}}],
        "predicateType": PREDICATE,
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": []},
            "resources": [{"name": ITSELF, "algorithm": "sha256", "digest": digest.hex()}],
        },
    }


def _pae(payload: bytes) -> bytes:
    """Pre-authentication encoding of DSSE v1: what is signed."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def _hint(key: ec.EllipticCurvePublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.PEM, form)).hexdigest()


def _opened(bundle: bytes) -> tuple[bytes, bytes, str]:
    """Payload, signature and hint."""
    try:
        fields = json.loads(bundle)
        envelope, material = fields["dsseEnvelope"], fields["verificationMaterial"]
        (signature,) = envelope["signatures"]
        if (fields["mediaType"], envelope["payloadType"]) != (BUNDLE, PAYLOAD):
            raise BundleMalformed(f"a bundle of type {fields['mediaType']!r} is not read here; sign the copy again")
        payload = base64.b64decode(envelope["payload"], validate=True)
        return payload, base64.b64decode(signature["sig"], validate=True), str(material["publicKey"]["hint"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise BundleMalformed("not a Sigstore bundle with one signature by a key; give the .sig of the copy") from error


def _digest(payload: bytes) -> bytes:
    """SHA-256 of the one file that a statement is about."""
    try:
        fields = json.loads(payload)
        (resource,), (subject,) = fields["predicate"]["resources"], fields["subject"]
        digest = bytes.fromhex(resource["digest"])
        kinds = (fields["_type"], fields["predicateType"], resource["name"], resource["algorithm"])
        root = subject["digest"]["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise BundleMalformed("the statement is no model signature of one file; sign the copy by itself") from error
    if kinds != (STATEMENT, PREDICATE, ITSELF, "sha256") or root != hashlib.sha256(digest).hexdigest():
        raise BundleMalformed("the statement is no model signature of one file by SHA-256; sign the copy by itself")
    return digest
