"""Every command: its help, and one sentence with the cure for whatever keeps it from starting."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO

import click
import pytest
import typer.main

from gateway.cli import COMMANDS as ENTRY_POINTS
from gateway.cli import ROOMS, build
from gateway.foundation.sockets import listen, port_of
from tests.cli.conftest import Kopuro
from tests.whole.processes import KEYS, environment_in, processes_of, short_folder
from tests.whole.processes import kopuro as start


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*path, name))


COMMANDS = sorted(_commands(typer.main.get_command(build())))


def test_the_commands_of_every_package_are_there() -> None:
    """The gateway's own and those found by entry point stand in one list."""
    assert {("demo",), ("serve",), ("worker",), ("import",), ("journal", "verify"), ("sample",)} <= set(
        COMMANDS
    )


def test_a_word_loads_no_more_than_the_rooms_that_serve_it() -> None:
    """Every command is served by the word it begins with alone, and by no other room than the table names."""
    words = {command[0] for command in COMMANDS if command}
    named = {word for room in ROOMS.values() for word in room}
    assert words == named | {found.name for found in entry_points(group=ENTRY_POINTS)}
    alone = {command for word in words for command in _commands(typer.main.get_command(build(word)))}
    assert sorted(alone) == COMMANDS


def test_matching_files_starts_without_what_serves_the_network() -> None:
    """`kopuro match` is started for files: it loads neither the gateway's rooms nor the libraries of its engines."""
    told = (
        "import sys; from gateway.cli import build; build('match'); "
        "print(*sorted({'aiohttp', 'fastapi', 'sqlalchemy', 'splink', 'duckdb', 'gateway.wiring'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(kopuro: Kopuro, command: tuple[str, ...]) -> None:
    """--help ends with 0 and says what the command and each of its options are for."""
    ended = kopuro(*command, "--help", COLUMNS="300", TERM="dumb")
    assert (ended.code, ended.err) == (0, "")
    assert "Usage:" in ended.out
    described = [line for line in ended.out.splitlines() if line.strip().startswith("│ --")]
    for line in described:
        assert len(line.strip("│ ").split("  ", 1)) == 2, line


def _is_sentence(text: str) -> bool:
    return text.startswith("kopuro: ") and text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize("missing", sorted(set(KEYS.values())))
def test_a_missing_key_file_is_a_sentence_with_the_cure(
    kopuro: Kopuro, keys: Path, tmp_path: Path, database_url: str, missing: str
) -> None:
    """The gateway does not start without any of its keys: which file, and the command that makes one; the code is 2."""
    shutil.copytree(keys / "keys", tmp_path / "keys")
    (tmp_path / "keys" / missing).unlink()
    ended = kopuro("serve", "--port", "0", **environment_in(tmp_path, DATABASE_URL=database_url))
    assert (ended.code, ended.out) == (2, "")
    assert _is_sentence(ended.err), ended.err
    assert str(tmp_path / "keys" / missing) in ended.err
    assert "kopuro sandbox --keys-only" in ended.err


def test_a_key_that_others_may_read_is_a_sentence_with_the_cure(
    kopuro: Kopuro, keys: Path, tmp_path: Path, database_url: str
) -> None:
    """A private key is private, or the gateway does not start."""
    shutil.copytree(keys / "keys", tmp_path / "keys")
    (tmp_path / "keys" / "gateway.key").chmod(0o640)
    ended = kopuro("serve", "--port", "0", **environment_in(tmp_path, DATABASE_URL=database_url))
    assert ended.code == 2
    assert _is_sentence(ended.err)
    assert f"chmod 600 {tmp_path / 'keys' / 'gateway.key'}" in ended.err


@pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
def test_a_database_that_does_not_answer_is_a_sentence(kopuro: Kopuro, command: str) -> None:
    """DATABASE_URL is named, the address is not quoted: it may hold a password."""
    ended = kopuro(
        command, DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none", KOPURO_SERVER__PORT="0"
    )
    assert (ended.code, ended.out) == (2, "")
    assert _is_sentence(ended.err), ended.err
    assert "DATABASE_URL" in ended.err
    assert "secret" not in ended.err


def test_a_port_in_use_is_a_sentence(kopuro: Kopuro, database_url: str) -> None:
    """The port is named, nothing is stopped or stepped over unasked; the code is 2."""
    with listen("127.0.0.1", 0) as taken:
        port = str(port_of(taken))
        for command in (
            ("serve", "--port", port),
            ("sandbox", "--provider-port", port, "--consumer-port", "0"),
        ):
            ended = kopuro(*command, DATABASE_URL=database_url)
            assert (ended.code, ended.out) == (2, "")
            assert f"kopuro: port {port} on 127.0.0.1 is in use" in ended.err
            assert "Traceback" not in ended.err


def test_a_missing_agency_certificate_is_a_sentence_with_the_cure(kopuro: Kopuro, tmp_path: Path) -> None:
    """A signed sample needs the sandbox's keys, and says how to make them."""
    ended = kopuro("sample", "getLearnerStatus", "--signed", **environment_in(tmp_path))
    assert (ended.code, ended.out) == (2, "")
    assert _is_sentence(ended.err)
    assert "social-fund" in ended.err
    assert "kopuro sandbox --keys-only" in ended.err


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"KOPURO_SERVER__PROT": "8095"}, ("server.prot", "known here", "port")),
        ({"KOPURO_SEVER__PORT": "8095"}, ("sever",)),
        ({"KOPURO_SERVER__PORT": "eighty"}, ("server.port", "number")),
        ({"KOPURO_CONFIG": "/nowhere"}, ("KOPURO_CONFIG", "/nowhere")),
        ({"KOPURO_SIGNING__SIGNATURE_ALGORITHM": "rsa-sha1"}, ("rsa-sha1", "rsa-sha256")),
    ],
)
def test_a_mistake_in_the_configuration_is_a_sentence(
    kopuro: Kopuro, database_url: str, settings: dict[str, str], words: tuple[str, ...]
) -> None:
    """The key is named, and what would be right; the code is 2."""
    ended = kopuro("serve", **{"DATABASE_URL": database_url, "KOPURO_SERVER__PORT": "0", **settings})
    assert (ended.code, ended.out) == (2, "")
    assert _is_sentence(ended.err), ended.err
    assert all(word in ended.err for word in words)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_ended_server_takes_its_private_database_along(number: signal.Signals, code: int) -> None:
    """Neither a signal from a supervisor nor Ctrl-C leaves PostgreSQL running; the sandbox ends as well."""
    with short_folder() as folder:
        said = folder / "said"
        with said.open("wb") as out:
            box = kopuro_process(
                folder, out, "sandbox", "--people", "50", *_free("consumer", "provider", "simulator")
            )
            _wait_for(said, "simulated agencies: http", box)
            server = kopuro_process(folder, out, "serve", "--port", "18095", "--step-over")
            _wait_for(said, "kopuro serves http://127.0.0.1:18", server)
        assert len(processes_of(folder)) >= 3
        for process in (server, box):
            process.send_signal(number)
        assert (server.wait(20), box.wait(20)) == (code, code)
        assert processes_of(folder) == []
        assert "Traceback" not in said.read_text()


def kopuro_process(folder: Path, out: IO[bytes], *command: str) -> "subprocess.Popen[bytes]":
    return start(environment_in(folder), *command, stdout=out, stderr=out)


def _free(*names: str) -> list[str]:
    """Give options with free ports for the sandbox's listeners."""
    with ExitStack() as bound:
        ports = [port_of(bound.enter_context(listen("127.0.0.1", 0))) for _ in names]
    return [word for name, port in zip(names, ports, strict=True) for word in (f"--{name}-port", str(port))]


def _wait_for(said: Path, words: str, process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + 60
    while words not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < ends_at, said.read_text()
        time.sleep(0.05)
