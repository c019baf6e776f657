"""`kopuro contract import`: what another agency's WSDL says, in plain words, before an adapter is written.

`kopuro contract openapi` (in `openapi`) stands in the same group.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gateway.cli.openapi import print_openapi
from gateway.foundation.errors import SettingsError
from gateway.xroad.contract_reading.machine import as_values, plain
from gateway.xroad.contract_reading.model import Contract
from gateway.xroad.contract_reading.report import write_report
from gateway.xroad.contract_reading.trial import try_message
from gateway.xroad.contract_reading.wsdl import read_contract

DOES_NOT_FIT = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    contract = typer.Typer(help="Read other agencies' contracts, write our own as OpenAPI.")
    contract.command("import")(import_contracts)
    contract.command("openapi")(print_openapi)
    app.add_typer(contract, name="contract")


def import_contracts(
    wsdl: Annotated[list[Path], typer.Argument(help="WSDL files.")],
    *,
    schemas: Annotated[list[Path] | None, typer.Option(help="Where else imports may lie.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
    language: Annotated[Literal["ky", "ru", "en"], typer.Option(help="Of the report.")] = "ru",
    attempt: Annotated[
        Path | None, typer.Option("--try", help="Read this answer (XML) by the contract, print it as JSON.")
    ] = None,
    operation: Annotated[str | None, typer.Option(help="With --try: whose answer it is.")] = None,
) -> None:
    """Tell what services take and give, how they fail, what to mind, and what to write into agencies.toml.

    Nothing is fetched: imports are read beside the WSDL or from --schemas. With --try the exit code is 1 when
    something did not fit.
    """
    contracts = [read_contract(file, directories=tuple(schemas or ())) for file in wsdl]
    if attempt is not None:
        _try(attempt, contracts, operation)
    elif as_json:
        _print({"contracts": [as_values(each, language) for each in contracts]})
    else:
        typer.echo("\n".join(write_report(each, language) for each in contracts), nl=False)


def _try(file: Path, contracts: list[Contract], operation: str | None) -> None:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    trial = try_message(data, contracts, service_code=operation)
    _print(
        {
            "service_code": trial.service_code,
            "side": trial.side,
            "value": plain(trial.value),
            "signs": [asdict(each) | {"outcome": each.outcome or None} for each in trial.signs],
            "did_not_fit": [asdict(each) for each in trial.misfits],
        }
    )
    raise typer.Exit(DOES_NOT_FIT if trial.misfits else 0)


def _print(values: dict[str, Any]) -> None:
    typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
