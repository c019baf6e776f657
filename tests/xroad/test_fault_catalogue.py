"""The fault catalogue: every code of the protocol and of our own contract is explained, honestly and threefold."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gateway.cli import build
from gateway.foundation.errors import AgencyUnavailable
from gateway.xroad.envelope import FaultMessage
from gateway.xroad.fault_catalogue import LANGUAGES, catalogue, explain, is_transient, retry_of
from gateway.xroad.fault_codes import is_security_servers, normalise
from gateway.xroad.faults import error_of

NEVER, LATER, ADMINISTRATOR = "never", "same_bytes_later", "after_administrator"

# X-Road's codes by class as its sources at 7.8 have them, with the rule for whoever thinks of sending again
TABLE = {
    (
        "message",
        NEVER,
    ): """missing_header missing_header_field duplicate_header_field missing_body invalid_body
        inconsistent_headers missing_soap invalid_soap malformed_soap invalid_xml invalid_message
        mime_parsing_failed invalid_content_type invalid_soap_action invalid_http_method
        invalid_protocol_version invalid_client_identifier missing_rest invalid_rest bad_request invalid_request""",
    ("answer", NEVER): "inconsistent_response invalid_response",
    ("access", NEVER): "unknown_member unknown_service service_type invalid_security_server not_found",
    ("access", ADMINISTRATOR): """access_denied service_disabled service_missing_url service_malformed_url
        adapter_wsdl_not_found client_proxy_version_not_supported""",
    ("transport", LATER): "network_error unknown_host io_error http_error maintenance_mode service_failed",
    ("transport", ADMINISTRATOR): "ssl_authentication_failed",
    (
        "signing",
        NEVER,
    ): """missing_signature cannot_create_signature malformed_signature invalid_signature_value
        signature_verification invalid_reference invalid_hash_chain invalid_hash_chain_ref malformed_hash_chain
        hashchain_unused_inputs cert_validation cert_validity_time cannot_create_cert_path invalid_cert_path
        incorrect_certificate missing_validation_info incorrect_validation_info unsupported_algorithm""",
    ("container", NEVER): """asic_invalid_container asic_mime_type_not_found asic_invalid_mime_type
        asic_message_not_found asic_signature_not_found asic_hash_chain_not_found
        asic_hash_chain_result_not_found asic_timestamp_not_found asic_manifest_not_found""",
    ("log", LATER): """logging_failed timestamping_failed timestamper_failed mlog.tsp_certificate_not_found
        mlog.timestamp_non_granted_response mlog.log_manager_unavailable mlog.timestamp_request_timed_out""",
    ("configuration", ADMINISTRATOR): """malformed_server_conf malformed_key_conf malformed_global_conf
        malformed_optional_parts_conf global_conf_outdated malformed_anchor anchor_file_not_found
        global_conf_download_url_connection_failure global_conf_part_file_hash_failure
        conf_verification.outdated conf_verification.unreachable""",
    ("token", ADMINISTRATOR): """key_not_found key_not_available cert_not_found cert_exists cert_import_failed
        wrong_cert_usage csr_not_found token_not_found token_not_active token_not_initialized
        token_not_available token_readonly cannot_sign unsupported_sign_algorithm login_failed logout_failed
        pin_incorrect token_pin_policy_failure hsm_non_operational failed_to_generate_private_key""",
    ("generic", LATER): "internal_error database_error cryptography_error ocsp_failed ocsp_connection_error",
}
CODES = [(code, kind, retry) for (kind, retry), codes in TABLE.items() for code in codes.split()]
PREFIXES = (
    "", "client.", "server.clientproxy.", "server.serverproxy.", "server.serverproxy.service_failed.",
    "server.clientproxy.service_failed.", "server.serverproxy.opmonitor.", "signer.",
)  # fmt: skip
CONTRACT = Path(__file__).resolve().parents[2] / "wsdl" / "README.md"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_code_of_the_protocol_is_known_under_every_prefix(prefix: str) -> None:
    """A code keeps its class and its retry rule whoever raised it."""
    for code, kind, retry in CODES:
        explained = explain(prefix + code, "en")
        assert (explained.known, explained.kind, explained.retry) == (True, kind, retry), prefix + code


def test_each_text_is_there_in_three_languages_and_each_is_its_own() -> None:
    """No text is empty or left untranslated, and Kyrgyz is not Russian."""
    book = catalogue()
    assert len({entry.texts["en"] for entry in book.codes.values()}) == len(book.codes)
    for name, entry in [*book.codes.items(), *book.families.items(), *book.own.items()]:
        texts = [entry.texts[language] for language in LANGUAGES]
        helps = [explain(name, language).help for language in LANGUAGES]
        for told in (texts, helps):
            assert all(text.strip() == text and len(text) > 10 for text in told), name
            assert len(set(told)) == len(LANGUAGES), name
        assert re.search("[А-Яа-я]", texts[0]), name
        assert re.search("[А-Яа-я]", texts[1]), name
        assert not re.search("[А-Яа-яҢңӨөҮү]", texts[2]), name
        assert not re.search("[ҢңӨөҮү]", texts[1]), name
    kyrgyz = " ".join(entry.texts["ky"] for entry in book.codes.values())
    assert {"ң", "ө", "ү"} <= set(kyrgyz)


@pytest.mark.parametrize(
    ("code", "asking", "answering"),
    [
        ("client.invalid_soap", "our_gateway", "asker"),
        ("server.clientproxy.network_error", "our_security_server", "other_security_server"),
        ("server.serverproxy.cannot_sign", "other_security_server", "our_security_server"),
        ("server.serverproxy.access_denied", "other_security_server", "our_security_server"),
        ("server.serverproxy.unknown_service", "our_gateway", "asker"),
        ("server.serverproxy.service_failed.invalid_soap", "provider", "our_gateway"),
        ("server.serverproxy.service_failed", "provider", "our_gateway"),
        ("server.clientproxy.service_failed.inconsistent_response", "other_security_server", "our_security_server"),
        ("soapenv:Server.Whatever", "provider", "our_gateway"),
    ],
)  # fmt: skip
def test_the_side_follows_from_who_raised_it_and_where_we_stand(
    code: str, asking: str, answering: str
) -> None:
    """The same code is ours to mend or theirs, by whether we asked or were asked."""
    assert explain(code, "ky").side == asking
    assert explain(code, "ky", role="answering").side == answering


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Server.ServerProxy.AccessDenied", "server.serverproxy.access_denied"),
        ("Server.ClientProxy.IOError", "server.clientproxy.io_error"),
        ("Server.ClientProxy.OutdatedGlobalConf", "server.clientproxy.global_conf_outdated"),
        ("Signer.HSMNonOperational", "signer.hsm_non_operational"),
        ("Server.ClientProxy.SslAuthenticationFailed", "server.clientproxy.ssl_authentication_failed"),
        (
            "Server.ClientProxy.ServiceFailed.MalformedSignature.HashChainUnusedInputs",
            "server.clientproxy.service_failed.malformed_signature.hashchain_unused_inputs",
        ),
    ],
)
def test_old_and_new_spelling_are_explained_alike(old: str, new: str) -> None:
    """What was CamelCase before 7.8 is the same code."""
    before, after = explain(old, "ru"), explain(new, "ru")
    assert before.known
    assert (before.help, before.side, before.normalised) == (after.help, after.side, after.normalised)


def test_every_published_fault_of_ours_is_in_the_catalogue() -> None:
    """The contract's table and the catalogue name the same codes with the same rule for sending again."""
    rows = [line for line in CONTRACT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = {
        code: row.rsplit("|", 2)[1].strip()
        for row in rows
        for code in re.findall(r"`((?:Client|Server)\.[A-Z_]{4,})`", row)
    }
    assert len(told) >= 12
    assert set(told) <= set(catalogue().own)
    for code, rule in told.items():
        for spelled in (code, f"soapenv:{code}", code.split(".")[1]):
            explained = explain(spelled, "en")
            assert explained.known, spelled
            assert explained.retry == (LATER if rule == "the same bytes, later" else NEVER), spelled
            assert explained.side == ("asker" if code.startswith("Client") else "our_gateway"), spelled


@pytest.mark.parametrize("name", sorted(catalogue().own))
def test_our_own_code_is_known_in_the_form_incidents_keep(name: str) -> None:
    """An incident groups failures by the normalised code; it must still say what our own code means, or X-Road's."""
    if name.partition(".")[2].lower() in catalogue().codes:
        assert explain(normalise(name), "en").known
        return
    kept, published = explain(normalise(name), "en"), explain(name, "en")
    assert (kept.known, kept.meaning, kept.retry) == (True, published.meaning, published.retry)


def test_our_pin_is_not_the_token_of_x_road() -> None:
    """Two codes that differ only in their spelling are kept apart by it."""
    assert explain("soapenv:Client.PIN_INCORRECT", "en").kind == "message"
    assert explain("signer.pin_incorrect", "en").kind == "token"
    assert explain("Signer.PinIncorrect", "en").kind == "token"


@pytest.mark.parametrize(
    ("code", "retry", "side"),
    [
        ("server.clientproxy.something_new", NEVER, "our_security_server"),
        ("server.serverproxy.service_failed.something_new", NEVER, "provider"),
        ("client.something_new", NEVER, "our_gateway"),
        ("server.clientproxy.logging_failed.something_new", LATER, "our_security_server"),
        ("S:Server", LATER, "provider"),
        ("E_1234", NEVER, "provider"),
        ("", NEVER, "provider"),
    ],
)
def test_an_unknown_code_is_called_unknown(code: str, retry: str, side: str) -> None:
    """Nothing is made up for a code nobody described: only what its beginning tells is told."""
    explained = explain(code, "en")
    assert explained.known is ("logging_failed" in code)
    assert (explained.retry, explained.side) == (retry, side)
    assert explained.help.strip()


@given(st.text(max_size=80), st.sampled_from(LANGUAGES))
def test_any_text_can_be_explained(code: str, language: str) -> None:
    """Whatever stands in a fault, there is an answer, and for a retry it is the same as for a person."""
    explained = explain(code, language)
    assert explained.help
    assert (explained.retry == LATER) == is_transient(code)


def test_a_retry_reads_the_same_rule() -> None:
    """What the catalogue calls later is what the client calls unavailable, for each code of a security server."""
    for prefix in PREFIXES[1:]:
        for code, *_ in CODES:
            spelled = prefix + code
            assert is_security_servers(spelled)
            error = error_of(FaultMessage(code=spelled, string=""))
            assert isinstance(error, AgencyUnavailable) == (retry_of(spelled) == LATER), spelled


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_explains_a_code(language: str) -> None:
    """`kopuro fault` prints the catalogue's words."""
    done = CliRunner().invoke(build(), ["fault", "Server.ServerProxy.AccessDenied", "--language", language])
    assert done.exit_code == 0
    explained = explain("server.serverproxy.access_denied", language)
    for words in (explained.meaning, explained.advice, explained.retry_text, explained.normalised):
        assert words in done.output


def test_every_code_of_a_message_is_explained() -> None:
    """Whatever code an error about a message carries, here or at a service of ours, the catalogue knows it."""
    home = Path(__file__).resolve().parents[2] / "gateway"
    sources = [
        path
        for room in ("foundation", "xroad", "disclosure", "services")
        for path in (home / room).glob("*.py")
    ]
    raised = {
        code
        for source in sources
        for code in re.findall(r"""\bcode="([A-Za-z_]{4,})"[,)]""", source.read_text(encoding="utf-8"))
    }
    assert len(raised) > 20
    assert [code for code in sorted(raised) if not explain(code, "en").known] == []
