"""Logs: one line each, nothing personal."""

import json
import subprocess
import sys

PROGRAM = """
import logging
from gateway.foundation.logging import configure, get_logger
configure("INFO")
log = get_logger("x")
log.info("asked 10101202012345", message_id="21005199012345\\n\\u2028\\x1b[31m", surname="Асанов", status=10101202012345)
logging.getLogger("plain").warning("PIN 10101202012345 in a library's text")
try:
    raise ValueError("10101202012345 Асанов")
except ValueError:
    log.exception("failed")
"""


def test_a_record_is_one_line_without_personal_data() -> None:
    """Fields nobody allowed are dropped, PINs are masked, an exception is its name and place."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(json.loads(line) for line in lines)
    assert "10101202012345" not in done.stderr
    assert "21005199012345" not in done.stderr
    assert "Асанов" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "ValueError" in lines[2]
