"""The benchmark program works; what it finds is for people to read and never decides about a test."""

import asyncio
import os
import re
import subprocess
import sys

import psycopg

from gateway.foundation.database import psycopg_conninfo
from gateway.foundation.settings import load
from gateway.sandbox.country.load import load_country
from gateway.sandbox.country.plan import Plan
from tests.benchmarks import lookup
from tests.benchmarks.country import QUESTIONS, measure, sample, sizes, table
from tests.benchmarks.registry_rows import fill
from tests.conftest import ROOT
from tests.matching.generator import generate

_LINES = (
    "signed: gateway",
    "signed: PostgreSQL",
    "unsigned: gateway",
    "unsigned, subject in memory: gateway",
    "bare HTTP echo",
    "parse, read the header",
    "verify the signature",
    "write and sign the answer",
    "ask the registry",
    "record in the journal",
    "python-xmlsec: parse, verify",
    "python-xmlsec: parse, sign",
)


def test_a_short_run_prints_every_figure() -> None:
    """A run over the real product gives each figure as a number, and the memory before and after."""
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--rounds", "1", "--exchanges", "60"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    for name in _LINES:
        assert re.search(rf"{re.escape(name)}.*\s\d+\.\d\d\s+\d+\.\d\d\s+\d+\.\d\d\s+\d", done.stdout), name
    assert re.search(r"times ours, subject in memory\s+\d+\.\d|could not be installed", done.stdout)
    assert re.search(r"resident memory: \d+ MB .* \d+ MB after 120 signed exchanges", done.stdout)


def test_a_country_is_asked_about_and_weighed(database_url: str) -> None:
    """Over a loaded country every question gets an answer and a figure, and the indexes their sizes."""
    plan = Plan(learners=300, seed=4)
    load_country(database_url, plan, load().fields)
    printed = [*table(asyncio.run(measure(database_url, sample(plan)[:60]))), *sizes(database_url)]
    for name in QUESTIONS:
        assert any(re.match(rf"{re.escape(name)}\s+\d+\.\d\s+\d+\.\d$", line) for line in printed), name
    assert any(line.startswith("match_key.pk_match_key") for line in printed)


def test_one_record_against_a_registry_is_weighed(database_url: str) -> None:
    """The look-up beside one by PIN gets a figure on the clock and of both sides' CPU; links are checked."""
    files = generate(62, registry=600, incoming=lookup.WARM + lookup.A_ROUND)
    with psycopg.connect(psycopg_conninfo(database_url), autocommit=True) as connection:
        ids = fill(connection, files.registry)
    found = asyncio.run(lookup.measure(database_url, os.getpid(), files, ids))
    assert found.links == found.right > 50
    numbers = r"(\s+\d+\.\d{3}){4}\s+\d+\.\d$"
    assert all(re.search(numbers, line) for line in list(found.lines())[1:3])
