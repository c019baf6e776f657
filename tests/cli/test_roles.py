"""`kopuro roles`: the matrix as it is in force, held against a second writing of the regulation's part 4."""

import csv
import io

import pytest
from typer.testing import CliRunner

from gateway.access.values import Role
from gateway.cli import build

# domain: aggregates, people read, people written, exchange log, cases, signing – as the regulation's table has them
REGULATION = {
    "MINISTRY": ("REPUBLIC", True, False, False, "COUNT", "COUNT", False),
    "SPECIAL_ADMIN": ("REPUBLIC", True, False, False, "READ_MASKED", "READ_MASKED", False),
    "DISTRICT": ("TERRITORY", True, True, True, "COUNT", "APPROVE", False),
    "HEAD": ("ORGANISATION", True, True, False, "READ", "APPROVE", True),
    "RESPONSIBLE": ("ORGANISATION", True, True, True, "READ", "WORK", False),
    "TEACHER": ("CLASS", True, False, False, "", "", False),
    "LEARNER": ("SELF", False, True, False, "", "", False),
    "PARENT": ("CHILD", False, True, False, "", "", False),
    "GATEWAY_OPERATOR": ("REPUBLIC", False, False, False, "READ_BODY", "COUNT", False),
    "SECURITY_AUDITOR": ("REPUBLIC", False, False, False, "REVEAL", "READ_MASKED", False),
    "MACHINE_CLIENT": ("REPUBLIC", False, False, False, "", "", False),
}


@pytest.mark.requirement("R-049")
def test_the_exported_matrix_has_the_kinds_of_users_of_the_regulation() -> None:
    """Every kind of user stands there with the reach and the rights of its cell; nobody stands there besides."""
    done = CliRunner().invoke(build(), ["roles"])
    assert done.exit_code == 0
    rows = {row["role"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert set(rows) == {*REGULATION, "OWN_PROGRAM"} == set(Role)
    for role, (scope, aggregates, read, written, log, cases, signs) in REGULATION.items():
        row = {name: set(value.split()) for name, value in rows[role].items()}
        assert row["scope"] == {scope}
        assert ("READ" in row["AGGREGATE"]) is aggregates, role
        assert ("READ" in row["PERSON"]) is read, role
        assert ("WRITE" in row["PERSON"]) is written, role
        assert ("SIGN" in row["CONFIRMATION"]) is signs, role
        for cell, most in (("EXCHANGE", log), ("CASE", cases)):
            assert (most in row[cell]) if most else not row[cell], (role, cell)
    sworn = {role for role, row in rows.items() if row["undertaking"] == "yes"}
    assert sworn == set(Role) - {"LEARNER", "PARENT", "MACHINE_CLIENT", "OWN_PROGRAM"}
