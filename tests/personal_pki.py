"""An authority of personal certificates, made for one test run."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner, write_private


def _key_usage(*, signs: bool, issues: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_cert_sign=issues,
        crl_sign=issues,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass
class PersonalAuthority:
    """A certification centre; `certificate_file` is what the settings name."""

    name: str = "personal-authority"
    folder: Path = field(default_factory=lambda: Path(mkdtemp(prefix="kopuro-personal-")))

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        self.certificate = self._certificate(self._subject, self._key.public_key(), days=30, ca=True)
        self.certificate_file = self.folder / "authority.crt"
        self.certificate_file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, pin: str, inn: str = "", *, days: int = 30, signs: bool = True) -> FileSigner:
        """Issue a key pair to a person of an organisation; days < 0 makes an expired one."""
        named = [
            x509.NameAttribute(NameOID.COMMON_NAME, "head"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, pin),
        ]
        if inn:
            named.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, inn))
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._certificate(x509.Name(named), key.public_key(), days=days, ca=False, signs=signs)
        stem = self.folder / uuid4().hex
        key_file, certificate_file = stem.with_suffix(".key"), stem.with_suffix(".crt")
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(key_file, private)
        certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return FileSigner(key_file, certificate_file, signature_algorithm("ecdsa-sha256"))

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int, ca: bool, signs: bool = True
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(_key_usage(signs=signs and not ca, issues=ca), critical=True)
            .sign(self._key, hashes.SHA256())
        )
