"""The command in this process: what it prints, and the code it ends with."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from gateway.cli import main
from gateway.foundation.settings import load
from gateway.sandbox.pki import make_keys
from tests.whole.processes import environment_in


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Kopuro = Callable[..., Ended]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with test keys in `keys`."""
    folder = tmp_path_factory.mktemp("cli")
    make_keys(load(environment=environment_in(folder)))
    return folder


@pytest.fixture
def kopuro(
    keys: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kopuro]:
    """Run `kopuro ARGUMENTS` with the test keys; other settings may be given by name."""

    def run(*arguments: str, **settings: str) -> Ended:
        for name, value in {**environment_in(keys), **settings}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["kopuro", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=said.out, err=said.err)

    before = signal.getsignal(signal.SIGTERM), logging.root.handlers[:], logging.root.level
    yield run
    signal.signal(signal.SIGTERM, before[0])
    logging.root.handlers[:], logging.root.level = before[1:]
    structlog.reset_defaults()
