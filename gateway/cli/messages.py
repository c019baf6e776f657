"""`kopuro sample`, `kopuro message check` and `kopuro signature verify`: for whoever builds messages."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from gateway.cli.published import Published
from gateway.cli.sandbox import PEOPLE, SEED
from gateway.crypto.certificates import read_certificate
from gateway.foundation.errors import KopuroError, SettingsError
from gateway.foundation.settings import load
from gateway.sandbox.agency import Wish, about_document, about_learner, write_request
from gateway.sandbox.people import population
from gateway.sandbox.seed import CERTIFICATE
from gateway.services.dispatch import OFFERS
from gateway.xroad.check import check
from gateway.xroad.conformance import Against, examine
from gateway.xroad.envelope import CONTENT_TYPE
from gateway.xroad.fault_catalogue import Language
from gateway.xroad.signed_documents import verify_document

REFUSED = 1


def register(app: typer.Typer) -> None:
    """Add the commands."""
    message, signature = typer.Typer(help="Check messages."), typer.Typer(help="Check signatures.")
    message.command("check")(check_messages)
    message.callback()(_group)
    signature.command("verify")(verify_signatures)
    signature.callback()(_group)
    app.command()(sample)
    app.add_typer(message, name="message")
    app.add_typer(signature, name="signature")


def _group() -> None:
    """Keep a group of one command a group."""


def sample(
    service: Annotated[str, typer.Argument(help="getLearnerStatus or verifyEducationDocument")],
    *,
    signed: Annotated[
        bool, typer.Option("--signed", help="Sign it as the sandbox's signing agency.")
    ] = False,
) -> None:
    """Print a valid request about a synthetic person of the sandbox."""
    offers = {offer.service_code: offer for offer in OFFERS}
    if service not in offers:
        raise SettingsError(f"there is no service {service!r}; published: {', '.join(offers)}")
    roles = population(SEED, PEOPLE).roles
    about = (
        about_learner(roles["child"].pin or "", roles["child"].birth_date)
        if service == "getLearnerStatus"
        else about_document(*CERTIFICATE, birth_date=roles["adult"].birth_date)
    )
    wish = Wish(service_code=service, service_version=offers[service].service_version, about=about)
    typer.echo(write_request(load(), wish, signed=signed).decode())


def check_messages(
    files: Annotated[list[Path], typer.Argument(help="Messages, as they are sent.")],
    *,
    content_type: Annotated[str, typer.Option(help="The Content-Type they are sent under.")] = CONTENT_TYPE,
    side: Annotated[
        Literal["request", "response"] | None, typer.Option("--as", help="What they are meant to be.")
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Report on every rule, ours included.")] = False,
    cert: Annotated[Path | None, typer.Option(help="With --report: the signer's certificate (PEM).")] = None,
    language: Annotated[Language, typer.Option(help="Language of the report.")] = "en",
) -> None:
    """Judge messages as a security server would: one line of JSON per file; exit code 1 if one is refused.

    With --report each line holds every rule and what became of it, and exit code 1 means that one failed.
    """
    if report:
        certificates = (read_certificate(cert),) if cert is not None else ()
        against = Against(side=side, certificates=certificates, provider=_published())
        _report(files, content_type, against, language)
    refused = False
    for file in files:
        verdict = check(_read(file), content_type, side=side)
        refused |= verdict.outcome == "reject"
        line: dict[str, object] = {
            "file": str(file),
            "outcome": verdict.outcome,
            "code": verdict.code,
            "where": verdict.where,
            "hint": verdict.hint,
        }
        _say(line)
    raise typer.Exit(REFUSED if refused else 0)


def _report(files: list[Path], content_type: str, against: Against, language: Language) -> NoReturn:
    failed = False
    for file in files:
        examined = examine(_read(file), content_type, against=against)
        failed |= not examined.conforms
        _say({"file": str(file)} | examined.as_json(language))
    raise typer.Exit(REFUSED if failed else 0)


def _published() -> Published | None:
    """Read our offer; without configuration or keys the rest of a report can still be made."""
    try:
        return Published(load())
    except SettingsError as error:
        typer.echo(f"kopuro: our own services are not judged: {error}", err=True)
        return None


def verify_signatures(
    files: Annotated[list[Path], typer.Argument(help="Signed messages or documents.")],
    *,
    cert: Annotated[Path, typer.Option(help="The signer's certificate (PEM).")],
) -> None:
    """Verify signatures with one certificate: one line of JSON per file; exit code 1 if one is not valid."""
    certificate = read_certificate(cert)
    refused = False
    for file in files:
        line: dict[str, object] = {"file": str(file), "valid": False, "reason": "", "signed": []}
        try:
            parts = verify_document(_read(file), certificate)
            line["valid"] = True
            line["signed"] = [
                {"name": part.name, "sha256": hashlib.sha256(part.canonical).hexdigest()} for part in parts
            ]
        except SettingsError:
            raise
        except KopuroError as error:
            line["reason"] = str(error)
            refused = True
        _say(line)
    raise typer.Exit(REFUSED if refused else 0)


def _say(line: dict[str, object]) -> None:
    """Print a line of JSON; a file's name that is no text is shown with escapes."""
    text = json.dumps(line, ensure_ascii=False)
    typer.echo(text.encode("utf-8", "backslashreplace").decode())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
