"""Signatures of copies: other people's tool reads them, ours reads theirs, and whatever is altered is refused."""

import base64
import hashlib
import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from model_signing import hashing, signing, verifying

from api.bundles import BundleInvalid, BundleMalformed, private_key, public_key, sign, verify

PEM, PRIVATE, OPEN = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
DATA = b"the file of a copy" * 1000


@pytest.fixture(params=[ec.SECP256R1, ec.SECP384R1, ec.SECP521R1], ids=lambda curve: curve.name)
def signer(request):
    """A key of each curve that the format knows."""
    return ec.generate_private_key(request.param())


@pytest.fixture
def key():
    """A key of the usual curve."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def laid_out(tmp_path, signer):
    """A model, its signature by this program, and both keys, as files."""
    model, bundle = tmp_path / "edge-7.safetensors", tmp_path / "edge-7.safetensors.sig"
    private, public = tmp_path / "sign.key", tmp_path / "sign.pub"
    model.write_bytes(DATA)
    private.write_bytes(signer.private_bytes(PEM, PRIVATE, OPEN))
    public.write_bytes(signer.public_key().public_bytes(PEM, SPKI))
    bundle.write_bytes(sign(model.name, DATA, private_key(private.read_bytes())))
    return model, bundle, private, public


def test_model_signing_reads_ours(laid_out):
    """The library of OpenSSF Model Signing verifies our bundle, and refuses it once the model is altered."""
    model, bundle, _, public = laid_out
    checker = verifying.Config().use_elliptic_key_verifier(public_key=public)
    checker.verify(model, bundle)
    model.write_bytes(DATA + b"x")
    with pytest.raises(ValueError, match="mismatch"):
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, bundle)


def test_its_command_reads_ours(tmp_path, key):
    """And so does its command line, as the documentation says to call it."""
    model, bundle, public = tmp_path / "m.safetensors", tmp_path / "m.safetensors.sig", tmp_path / "sign.pub"
    model.write_bytes(DATA)
    bundle.write_bytes(sign(model.name, DATA, key))
    public.write_bytes(key.public_key().public_bytes(PEM, SPKI))
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(model), "--signature", str(bundle)]
    done = subprocess.run([*command, "--public_key", str(public)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "succeeded" in done.stdout


def test_ours_reads_theirs(laid_out, signer):
    """What model_signing signs, this program verifies."""
    model, bundle, private, _ = laid_out
    bundle.unlink()
    config = signing.Config().set_hashing_config(hashing.Config().set_ignored_paths(paths=[]))
    config.use_elliptic_key_signer(private_key=private).sign(model, bundle)
    verify(bundle.read_bytes(), DATA, signer.public_key())
    with pytest.raises(BundleInvalid, match="another file"):
        verify(bundle.read_bytes(), DATA[1:], signer.public_key())


def resigned(bundle: bytes, signer, change) -> bytes:
    """A bundle whose statement was changed and signed again by its own key."""
    fields = json.loads(bundle)
    statement = json.loads(base64.b64decode(fields["dsseEnvelope"]["payload"]))
    change(statement)
    payload = json.dumps(statement).encode()
    kind = fields["dsseEnvelope"]["payloadType"]
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
    signature = signer.sign(signed, ec.ECDSA(hashes.SHA256()))
    fields["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    fields["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    return json.dumps(fields).encode()


def _resource(statement) -> dict:
    return statement["predicate"]["resources"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"),
        lambda s: s["subject"].append(s["subject"][0]),
        lambda s: s["subject"][0]["digest"].update(sha256="0" * 64),
        lambda s: s["predicate"]["resources"].append(_resource(s)),
        lambda s: s["predicate"].update(resources=[]),
        lambda s: _resource(s).update(name="other.safetensors"),
        lambda s: _resource(s).update(algorithm="blake2b"),
        lambda s: _resource(s).update(digest="zz"),
        lambda s: s.pop("predicate"),
    ],
)
def test_a_statement_of_another_kind_is_refused(key, change):
    """Step 4: properly signed, and no model signature of one file whose digests agree."""
    with pytest.raises(BundleMalformed, match="by itself"):
        verify(resigned(sign("m", DATA, key), key, change), DATA, key.public_key())


def test_a_changed_digest_is_another_file(key):
    """Step 5: a statement that agrees with itself, about another file."""
    other = hashlib.sha256(b"other").digest()

    def change(statement) -> None:
        _resource(statement)["digest"] = other.hex()
        statement["subject"][0]["digest"]["sha256"] = hashlib.sha256(other).hexdigest()

    with pytest.raises(BundleInvalid, match="another file"):
        verify(resigned(sign("m", DATA, key), key, change), DATA, key.public_key())


def test_an_altered_statement_or_another_key_is_refused(key):
    """Steps 2 and 3."""
    bundle = sign("m", DATA, key)
    fields = json.loads(bundle)
    payload = base64.b64decode(fields["dsseEnvelope"]["payload"]).replace(b'"m"', b'"n"')
    fields["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(BundleInvalid, match="did not sign"):
        verify(json.dumps(fields).encode(), DATA, key.public_key())
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(BundleInvalid, match="not by the one given"):
        verify(bundle, DATA, stranger)
    unhinted = json.loads(bundle)
    unhinted["verificationMaterial"]["publicKey"]["hint"] = ""
    verify(json.dumps(unhinted).encode(), DATA, key.public_key())
    with pytest.raises(BundleInvalid, match="did not sign"):
        verify(json.dumps(unhinted).encode(), DATA, stranger)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.pop("dsseEnvelope"),
        lambda f: f.pop("verificationMaterial"),
        lambda f: f.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"),
        lambda f: f["dsseEnvelope"].update(payloadType="text/plain"),
        lambda f: f["dsseEnvelope"].update(payload="=="),
        lambda f: f["dsseEnvelope"].update(signatures=[]),
        lambda f: f["dsseEnvelope"]["signatures"].append({"sig": "", "keyid": ""}),
    ],
)
def test_what_is_no_bundle_is_refused(key, spoil):
    """Step 1."""
    fields = json.loads(sign("m", DATA, key))
    spoil(fields)
    with pytest.raises(BundleMalformed):
        verify(json.dumps(fields).encode(), DATA, key.public_key())
    with pytest.raises(BundleMalformed):
        verify(b"nonsense", DATA, key.public_key())


def test_keys_of_another_kind_are_refused(key):
    """Not PEM, encrypted, of another curve or algorithm, private for public: each is said."""
    ed = ed25519.Ed25519PrivateKey.generate()
    odd = ec.generate_private_key(ec.SECP256K1())
    locked = key.private_bytes(PEM, PRIVATE, serialization.BestAvailableEncryption(b"secret"))
    for pem in (b"", b"nonsense", locked, *(each.private_bytes(PEM, PRIVATE, OPEN) for each in (ed, odd))):
        with pytest.raises(BundleMalformed):
            private_key(pem)
    for pem in (b"", locked, *(each.public_key().public_bytes(PEM, SPKI) for each in (ed, odd))):
        with pytest.raises(BundleMalformed):
            public_key(pem)
