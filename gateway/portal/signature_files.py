"""A detached signature and its certificate as people have them: two files, raw, Base64 or PEM."""

import base64
import binascii

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.datastructures import UploadFile

from gateway.crypto.detached import DetachedSignature
from gateway.crypto.digest import SIGNATURES
from gateway.foundation.errors import InputRefused
from gateway.pages.visit import Visit

_LONGEST = 64 * 1024


async def read_signature(visit: Visit) -> DetachedSignature:
    """Read both files and the algorithm; raises InputRefused for what is missing or no signature of ours."""
    signature, certificate = await _file(visit, "signature"), await _file(visit, "certificate")
    algorithm = visit.field("algorithm")
    missing = [
        (name, "REQUIRED")
        for name, given in (("signature", signature), ("certificate", certificate))
        if not given
    ]
    if algorithm not in SIGNATURES:
        missing.append(("algorithm", "NOT_IN_BOOK"))
    if missing:
        raise InputRefused(tuple(missing))
    return DetachedSignature(algorithm=algorithm, signature=_raw(signature), certificate=_der(certificate))


async def _file(visit: Visit, name: str) -> bytes:
    file = visit.form.get(name)
    if not isinstance(file, UploadFile):
        return b""
    content = await file.read(_LONGEST + 1)
    await file.close()
    if len(content) > _LONGEST:
        raise InputRefused(((name, "TOO_LONG"),))
    return content


def _raw(given: bytes) -> bytes:
    """Give the bytes of a signature, out of its Base64 where it is written so."""
    try:
        return base64.b64decode(b"".join(given.split()), validate=True)
    except binascii.Error:
        return given


def _der(given: bytes) -> bytes:
    """Give a certificate in DER; raises InputRefused for what is none."""
    read = x509.load_pem_x509_certificate if b"-----BEGIN" in given else x509.load_der_x509_certificate
    try:
        return read(given).public_bytes(Encoding.DER)
    except ValueError:
        raise InputRefused((("certificate", "CERTIFICATE_UNKNOWN"),)) from None
