"""The commands as an operator runs them, in processes of their own."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

Learner = Callable[..., dict[str, str]]
Table = Callable[..., str]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


async def test_import_waits_and_reports(
    kopuro: Run, start_worker: Callable[..., Any], table: Table, learner: Learner, tmp_path: Path
) -> None:
    """`kopuro import FILE --wait` shows progress on one stream and counts and problems on the other."""
    file = tmp_path / "learners.csv"
    content = table(learner(1), learner(2, pin="1,15E+13"), learner(3))
    await asyncio.to_thread(file.write_text, content)
    start_worker()
    ended = await asyncio.to_thread(kopuro, "import", str(file), "--wait")
    assert ended.returncode == 0, ended.stderr
    assert "3 of 3" in ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[:2] == ["CREATED\t2", "REJECTED\t1"]
    assert len(lines) == 3
    assert lines[2].startswith("3\tПИН: ")
    assert learner(1)["pin"] not in ended.stdout + ended.stderr


async def test_a_file_that_cannot_be_read_is_one_sentence(kopuro: Run, tmp_path: Path) -> None:
    """A refused file ends the command with a sentence and a code, without a traceback."""
    file = tmp_path / "learners.xlsx"
    await asyncio.to_thread(file.write_bytes, b"PK\x03\x04...")
    ended = await asyncio.to_thread(kopuro, "import", str(file))
    assert ended.returncode != 0
    assert "«CSV UTF-8»" in ended.stderr
    assert "Traceback" not in ended.stderr
