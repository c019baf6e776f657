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
from gateway.xroad.fault_catalogue import is_transient
from gateway.xroad.fault_codes import is_security_servers, normalise
from gateway.xroad.namespaces import SOAP

TEMPORARY = "Server.TEMPORARY"
INTERNAL = "Server.INTERNAL"
DETAIL = "urn:kopuro:fault:1"

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


def is_from_security_server(fault: FaultMessage) -> bool:
    """Tell a security server's fault from the provider's own, by its code's spelling."""
    return is_security_servers(fault.code)


def error_of(fault: FaultMessage) -> AgencyError:
    """Turn a fault that came as an answer into the error a retry understands."""
    code = _NO_CODE.sub("?", fault.code)[:_LONGEST_CODE]
    if is_from_security_server(fault):
        if is_transient(fault.code):
            return AgencyUnavailable("the way to the agency is down", code=code)
        return AgencyRefused("a security server refused the request", code=code)
    if normalise(fault.code).startswith("server"):
        return AgencyUnavailable("the agency's service failed", code=code)
    return AgencyRefused("the agency refused the request", code=code)
