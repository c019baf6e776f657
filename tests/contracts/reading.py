"""The contracts of these tests, and ways to read and to run over them."""

import io
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from gateway.cli import main
from gateway.xroad.contract_reading.model import Contract, Operation
from gateway.xroad.contract_reading.wsdl import read_contract

HERE = Path(__file__).parent / "wsdl"
DIALECTS = ("addresses", "pensions", "subjects", "demo", "vehicles", "photo", "documents")


def contract(name: str, *directories: Path) -> Contract:
    return read_contract(HERE / f"{name}.wsdl", directories=directories)


def operation(name: str, code: str) -> Operation:
    return next(each for each in contract(name).operations if each.service_code == code)


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path) -> Done:
    """Run `kopuro contract import` through the program's own entry, in this process."""
    told, complained, before = io.StringIO(), io.StringIO(), sys.argv
    handler = signal.getsignal(signal.SIGTERM)
    sys.argv = ["kopuro", "contract", "import", *map(str, arguments)]
    try:
        with redirect_stdout(told), redirect_stderr(complained):
            main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = before
        signal.signal(signal.SIGTERM, handler)
    return Done(code, told.getvalue(), complained.getvalue())


def run_process(*arguments: str | Path) -> Done:
    """Run it as a person would."""
    command = [sys.executable, "-m", "gateway.cli", "contract", "import", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def schema(body: str, *, attributes: str = "") -> str:
    """Write a WSDL with one operation `ask` whose answer is the element `askResponse` of this schema text."""
    return f"""<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="urn:t" targetNamespace="urn:t"
      xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
      <wsdl:types><xs:schema targetNamespace="urn:t" {attributes}><xs:element name="ask" type="xs:string"/>{body}</xs:schema></wsdl:types>
      <wsdl:message name="q"><wsdl:part name="b" element="tns:ask"/></wsdl:message>
      <wsdl:message name="a"><wsdl:part name="b" element="tns:askResponse"/></wsdl:message>
      <wsdl:portType name="p"><wsdl:operation name="ask"><wsdl:input message="tns:q"/><wsdl:output message="tns:a"/></wsdl:operation></wsdl:portType>
      <wsdl:binding name="b" type="tns:p"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
      <wsdl:operation name="ask"><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
      </wsdl:binding></wsdl:definitions>"""
