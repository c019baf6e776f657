"""Faults: other people's codes in either spelling mean the same, and our own say no more than they should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.exchange.errors import JournalUnavailable
from gateway.foundation.errors import (
    AccessError,
    AgencyRefused,
    AgencyUnavailable,
    ConcurrentChange,
    ContractError,
    KopuroError,
    RegistryError,
    SignatureError,
)
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, read_message
from gateway.xroad.faults import error_of, fault_code_of, is_from_security_server, normalise, write_fault

# the codes of X-Road's protocol by class, in their 7.8 form (names read from its ErrorCode at 7.8)
CODES = {
    "message": """missing_header missing_header_field duplicate_header_field missing_body invalid_body
        inconsistent_headers missing_soap invalid_soap malformed_soap invalid_xml invalid_message
        mime_parsing_failed invalid_content_type invalid_soap_action invalid_http_method
        invalid_protocol_version invalid_client_identifier missing_rest invalid_rest bad_request invalid_request""",
    "consistency": "inconsistent_response invalid_response",
    "access": """access_denied unknown_member unknown_service service_disabled service_type
        invalid_security_server not_found service_missing_url service_malformed_url adapter_wsdl_not_found
        client_proxy_version_not_supported""",
    "transport": "network_error unknown_host io_error http_error maintenance_mode",
    "signing": """missing_signature cannot_create_signature malformed_signature invalid_signature_value
        signature_verification invalid_reference invalid_hash_chain invalid_hash_chain_ref malformed_hash_chain
        hashchain_unused_inputs cert_validation cert_validity_time cannot_create_cert_path invalid_cert_path
        incorrect_certificate missing_validation_info incorrect_validation_info unsupported_algorithm
        ssl_authentication_failed""",
    "logging": "logging_failed timestamping_failed timestamper_failed",
    "configuration": "malformed_server_conf malformed_global_conf global_conf_outdated anchor_file_not_found",
    "token": "key_not_found token_not_active token_readonly hsm_non_operational pin_incorrect cannot_sign",
    "generic": "internal_error database_error cryptography_error ocsp_response_not_found",
}
EVERY = [code for codes in CODES.values() for code in codes.split()]
LATER = {code for kind in ("transport", "logging", "generic") for code in CODES[kind].split()}

OLD_NAMES = {
    "io_error": "IOError",
    "hashchain_unused_inputs": "HashChainUnusedInputs",
    "global_conf_outdated": "OutdatedGlobalConf",
    "hsm_non_operational": "HSMNonOperational",
    "token_readonly": "TokenReadOnly",
    "clientproxy": "ClientProxy",
    "serverproxy": "ServerProxy",
    "opmonitor": "OpMonitor",
}
PREFIXES = (
    "client", "server.clientproxy", "server.serverproxy", "server.serverproxy.service_failed",
    "server.clientproxy.service_failed", "server.serverproxy.opmonitor", "signer",
)  # fmt: skip


def old(code: str) -> str:
    """Spell a code as it was before 7.8."""
    return ".".join(OLD_NAMES.get(part) or part.title().replace("_", "") for part in code.split("."))


def fault(code: str) -> FaultMessage:
    return FaultMessage(code=code, string="text", actor="", detail="")


def test_both_spellings_of_every_code_normalise_alike() -> None:
    """CamelCase and snake_case of one code are one code, the irregular ones and every prefix included."""
    for prefix in PREFIXES:
        for code in EVERY:
            new = f"{prefix}.{code}"
            assert normalise(old(new)) == new == normalise(new), old(new)
    assert (
        normalise("Server.ServerProxy.SSLAuthenticationFailed")
        == "server.serverproxy.ssl_authentication_failed"
    )
    wrapped = "server.clientproxy.logging_failed.timestamper_failed"
    assert normalise("Server.ClientProxy.LoggingFailed.TimestamperFailed") == wrapped


@pytest.mark.parametrize("spell", [str, old], ids=["7.8", "7.7"])
def test_a_security_server_fault_means_the_same_in_either_spelling(spell) -> None:
    """What may pass is AgencyUnavailable, everything else AgencyRefused; the code stays as it was spelled."""
    for prefix in PREFIXES:
        for code in EVERY:
            spelled = spell(f"{prefix}.{code}")
            assert is_from_security_server(fault(spelled)), spelled
            error = error_of(fault(spelled))
            assert isinstance(error, AgencyUnavailable if code in LATER else AgencyRefused), spelled
            assert error.code == spelled


@pytest.mark.parametrize(
    "code",
    [
        "Server.ClientProxy.LoggingFailed.TspCertificateNotFound",
        "server.clientproxy.mlog.tsp_certificate_not_found",
        "Server.ServerProxy.CannotCreateSignature.TimestampingFailed.IOError",
    ],
)
def test_trouble_with_log_and_time_stamps_passes(code: str) -> None:
    """A security server that cannot log or time-stamp stops everything for now, whatever the last part says."""
    assert isinstance(error_of(fault(code)), AgencyUnavailable)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("soapenv:Server.TEMPORARY", AgencyUnavailable),
        ("SOAP-ENV:Server", AgencyUnavailable),
        ("Server", AgencyUnavailable),
        ("soapenv:Client.PIN_INCORRECT", AgencyRefused),
        ("s:Client.InternalError", AgencyRefused),
        ("Client", AgencyRefused),
        ("clientele.network_error", AgencyRefused),
        ("500", AgencyRefused),
        ("", AgencyRefused),
    ],
)
def test_a_providers_own_fault_is_told_apart(code: str, kind: type) -> None:
    """A provider's Server fault may pass, its Client fault will not; neither is taken for the way to it."""
    assert not is_from_security_server(fault(code))
    assert type(error_of(fault(code))) is kind


@given(st.text(max_size=300))
def test_any_text_in_a_code_gives_a_storable_code(code: str) -> None:
    """Whatever a peer writes there, the kept code is short ASCII without long numbers."""
    kept = error_of(fault(code)).code
    assert kept.isascii()
    assert kept.isprintable()
    assert len(kept) <= 120


@given(
    st.from_regex(r"[1-2][0-9]{13}", fullmatch=True),
    st.sampled_from(["", "Client.", "soapenv:Server.", "x "]),
)
def test_no_pin_stays_in_a_code(pin: str, before: str) -> None:
    """A PIN in a fault code is not kept, wherever it stands."""
    assert pin not in error_of(fault(f"{before}{pin}.Асанов")).code


ERRORS = [
    (ContractError("wrong", code="missing_body", where="Body", hint="add it"), "Client.missing_body"),
    (AccessError("no agreement", code="AGREEMENT_MISSING"), "Client.AGREEMENT_MISSING"),
    (SignatureError("too old"), "Client.SIGNATURE_INVALID"),
    (JournalUnavailable("psycopg said: 10101202012345"), "Server.TEMPORARY"),
    (ConcurrentChange("row 7"), "Server.TEMPORARY"),
    (AgencyUnavailable("down", code="x"), "Server.TEMPORARY"),
    (RegistryError("select * from person"), "Server.INTERNAL"),
    (KopuroError("a stack"), "Server.INTERNAL"),
]


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: str(getattr(value, "args", value))[:40])
def test_every_error_has_one_code_and_internals_stay_inside(error: KopuroError, code: str) -> None:
    """The caller's mistakes are told in their own words; ours are told in a fixed sentence."""
    got, sentence, hint = fault_code_of(error)
    assert got == code
    if code.startswith("Server."):
        assert str(error) not in sentence + hint
    else:
        assert str(error) in sentence


LEGAL = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("\t\n<>&'\""), max_size=60
)


@given(LEGAL, LEGAL, LEGAL)
def test_a_written_fault_reads_back(sentence: str, hint: str, correlation_id: str) -> None:
    """Whatever stands in its texts, a fault is well-formed and carries them unchanged."""
    illegal = {"\ufffe", "\uffff"}
    if illegal & set(sentence + hint + correlation_id):
        return
    made = write_fault("Client.X", sentence, hint=hint, correlation_id=correlation_id)
    read = read_message(made, CONTENT_TYPE)
    assert isinstance(read, FaultMessage)
    assert (read.code, read.string) == ("soapenv:Client.X", sentence.strip())
    detail = etree.fromstring(made).find(".//{urn:kopuro:fault:1}hint")
    assert (detail.text or "") == hint
