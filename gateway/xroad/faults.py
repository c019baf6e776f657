"""Technical errors as soap:Fault, in one function; and the codes that other people's faults carry.

Since X-Road 7.8 codes are snake_case, before that CamelCase; both are read. A code is kept for the journal as it
was spelled, but for what no code is made of: a peer may put anything there. Our own texts are fixed sentences:
no stack, no SQL, no value from the message.
"""

import re
from xml.sax.saxutils import escape

from gateway.foundation.errors import (
    AccessError,
    AgencyError,
    AgencyRefused,
    AgencyUnavailable,
    ContractError,
    KopuroError,
    SignatureError,
)
from gateway.xroad.envelope import FaultMessage
from gateway.xroad.namespaces import SOAP

TEMPORARY = "Server.TEMPORARY"
INTERNAL = "Server.INTERNAL"
DETAIL = "urn:kopuro:fault:1"

_CLIENT = "client."
_PROXIES = ("server.clientproxy.", "server.serverproxy.", "signer.")
_IRREGULAR = {
    "ioerror": "io_error",
    "hashchainunusedinputs": "hashchain_unused_inputs",
    "outdatedglobalconf": "global_conf_outdated",
    "hsmnonoperational": "hsm_non_operational",
    "tokenreadonly": "token_readonly",
    "clientproxy": "clientproxy",
    "serverproxy": "serverproxy",
    "opmonitor": "opmonitor",
}
_TRANSIENT = frozenset(
    {"network_error", "unknown_host", "io_error", "http_error", "maintenance_mode", "timestamper_failed",
     "logging_failed", "timestamping_failed", "database_error", "cryptography_error", "internal_error",
     "service_failed"}
)  # fmt: skip
_TRANSIENT_FAMILIES = frozenset({"logging_failed", "timestamping_failed", "mlog"})
_NO_CODE = re.compile(r"[^A-Za-z0-9_.:\-]+|\d{6,}")
_LONGEST_CODE = 120


def fault_code_of(error: KopuroError) -> tuple[str, str, str]:
    """Give (faultcode without prefix, sentence, hint) for an error: the only place where errors get codes."""
    if isinstance(error, ContractError):
        where = f" ({error.where})" if error.where else ""
        return f"Client.{error.code}", f"{error}{where}", error.hint
    if isinstance(error, AccessError):
        return f"Client.{error.code}", str(error), ""
    if isinstance(error, SignatureError):
        return "Client.SIGNATURE_INVALID", str(error), ""
    if not error.permanent:
        return TEMPORARY, "the service cannot answer just now", "send the same bytes again later"
    return INTERNAL, "the service could not answer", "tell the operator the correlation id"


def write_fault(code: str, sentence: str, *, hint: str = "", correlation_id: str = "") -> bytes:
    """Write a soap:Fault; `detail` carries the hint and the id under which our journal knows the exchange."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>'
        f"<soapenv:Fault><faultcode>soapenv:{escape(code)}</faultcode>"
        f"<faultstring>{escape(sentence)}</faultstring><faultactor></faultactor>"
        f'<detail><kf:fault xmlns:kf="{DETAIL}"><kf:hint>{escape(hint)}</kf:hint>'
        f"<kf:correlationId>{escape(correlation_id)}</kf:correlationId></kf:fault></detail>"
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    ).encode()


def normalise(code: str) -> str:
    """Turn any spelling of an X-Road code into the 7.8 form; codes of others only lose their prefix."""
    plain = code.rsplit(":", 1)[-1].strip()
    return ".".join(_snake(part) for part in plain.split("."))


def _snake(part: str) -> str:
    known = _IRREGULAR.get(part.lower())
    if known:
        return known
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", part).lower()


def is_from_security_server(fault: FaultMessage) -> bool:
    """Tell a security server's fault from the provider's own, by the code's first parts.

    `Client.…` is a security server's only without a prefix: providers qualify their codes.
    """
    code = normalise(fault.code)
    return code.startswith(_PROXIES) or (code.startswith(_CLIENT) and ":" not in fault.code)


def error_of(fault: FaultMessage) -> AgencyError:
    """Turn a fault that came as an answer into the error a retry understands."""
    code = _NO_CODE.sub("?", fault.code)[:_LONGEST_CODE]
    if is_from_security_server(fault):
        if _is_transient(normalise(fault.code)):
            return AgencyUnavailable("the way to the agency is down", code=code)
        return AgencyRefused("a security server refused the request", code=code)
    if normalise(fault.code).startswith("server"):
        return AgencyUnavailable("the agency's service failed", code=code)
    return AgencyRefused("the agency refused the request", code=code)


def _is_transient(code: str) -> bool:
    parts = code.split(".")
    return (
        parts[-1] in _TRANSIENT or parts[-1].startswith("ocsp_") or not _TRANSIENT_FAMILIES.isdisjoint(parts)
    )
