"""The chain of seals, in the database and in the anchor file side by side: which of them can be believed."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass

from cryptography import x509

from gateway.crypto.certificates import fingerprint, public_key
from gateway.crypto.digest import SIGNATURES
from gateway.crypto.verification import verify_bytes
from gateway.exchange.anchor import AnchorLine, BrokenLine
from gateway.exchange.findings import Findings, Problem
from gateway.exchange.sealed import ALL_SEALS, read_seal
from gateway.exchange.statement import GENESIS, Seal, Statement
from gateway.exchange.stored import Connection
from gateway.foundation.errors import SignatureError

_FETCH = 50
Certificates = Mapping[str, x509.Certificate]
_Reached = tuple[int, bytes | None]  # a seal's number, and the hash its successor must name, if known


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedSeal:
    """What a seal says, from the best witness there is, and its rows' leaves where they fit its root."""

    statement: Statement
    leaves: tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Witnesses:
    """Everything there is about one number."""

    number: int
    in_database: bool
    seal: Seal | None
    line: AnchorLine | None
    more_lines: bool


class _Lines:
    """The anchor file's lines, one ahead, rising in number; what stands out of place is reported."""

    def __init__(self, lines: Iterator[AnchorLine | BrokenLine], findings: Findings) -> None:
        self._lines = lines
        self._findings = findings
        self.ahead: AnchorLine | None = None
        self.advance()

    def advance(self) -> None:
        """Move to the next line that stands in its place."""
        reached = self.ahead.number if self.ahead else 0
        self.ahead = None
        for line in self._lines:
            if isinstance(line, BrokenLine):
                if not line.torn:
                    self._report(f"line {line.place} is no seal", None)
            elif line.number <= reached:
                self._report(f"line {line.place} is out of place", line.number)
            else:
                self.ahead = line
                return

    def take(self, number: int) -> AnchorLine | None:
        """Give the line of a number, if it is next."""
        if self.ahead is None or self.ahead.number != number:
            return None
        line = self.ahead
        self.advance()
        return line

    def _report(self, what: str, seal: int | None) -> None:
        self._findings.add(Problem(part="anchor", what=what, seal=seal))


async def trusted_seals(
    connection: Connection,
    lines: Iterator[AnchorLine | BrokenLine],
    certificates: Certificates,
    findings: Findings,
) -> AsyncIterator[TrustedSeal]:
    """Give, in order, each seal that some witness vouches for; everything else goes into the findings."""
    before: _Reached = (0, GENESIS)
    async for witnesses in _side_by_side(connection, _Lines(lines, findings)):
        findings.seals += witnesses.in_database
        trusted, reached = _believe(witnesses, certificates, findings)
        if trusted:
            _check_follows(trusted.statement, before, findings)
            findings.not_exported += witnesses.line is None and not witnesses.more_lines
            yield trusted
        if trusted or witnesses.number == before[0] + 1:
            before = witnesses.number, reached


async def _side_by_side(connection: Connection, lines: _Lines) -> AsyncIterator[_Witnesses]:
    """Pair the database's seals with the file's lines by number."""
    async with connection.cursor("kopuro_seals", binary=True) as cursor:
        cursor.itersize = _FETCH
        await cursor.execute(ALL_SEALS)
        async for row in cursor:
            while lines.ahead and lines.ahead.number < row[0]:
                yield _only_in_file(lines)
            line = lines.take(row[0])
            more = lines.ahead is not None
            yield _Witnesses(number=row[0], in_database=True, seal=read_seal(row), line=line, more_lines=more)
    while lines.ahead:
        yield _only_in_file(lines)


def _only_in_file(lines: _Lines) -> _Witnesses:
    number = lines.ahead.number if lines.ahead else 0
    line = lines.take(number)
    return _Witnesses(number=number, in_database=False, seal=None, line=line, more_lines=True)


def _believe(
    witnesses: _Witnesses, certificates: Certificates, findings: Findings
) -> tuple[TrustedSeal | None, bytes | None]:
    """Judge one number's witnesses: the seal to believe, and the hash its successor must name."""
    number, seal, line = witnesses.number, witnesses.seal, witnesses.line
    from_file = _signed(line.statement, line.signature, certificates) if line else None
    if line and from_file is None:
        findings.add(Problem(part="anchor", what="the line's signature is not ours", seal=number))
    if line is None and witnesses.more_lines:
        findings.add(Problem(part="anchor", what="the line is missing", seal=number))
    if line and from_file:
        _check_same(witnesses, line, findings)
        return _with_leaves(from_file, seal, findings), line.hash
    return _without_file(witnesses, certificates, findings)


def _without_file(
    witnesses: _Witnesses, certificates: Certificates, findings: Findings
) -> tuple[TrustedSeal | None, bytes | None]:
    number, seal = witnesses.number, witnesses.seal
    if seal is None:
        what = "the row is no seal" if witnesses.in_database else "missing in the database"
        findings.add(Problem(part="seal", what=what, seal=number))
        return None, None
    statement = _signed(seal.statement.content(), seal.signature, certificates)
    if statement is None:
        findings.add(Problem(part="seal", what="the signature is not ours", seal=number))
        return None, seal.hash
    return _with_leaves(statement, seal, findings), seal.hash


def _check_same(witnesses: _Witnesses, line: AnchorLine, findings: Findings) -> None:
    if not witnesses.in_database:
        what = "in the anchor file, but not in the database: deleted or cut off"
    elif witnesses.seal is None:
        what = "changed: the row is no seal"
    elif witnesses.seal.hash != line.hash:
        what = "differs from the anchor file: changed or computed anew"
    else:
        return
    findings.add(Problem(part="seal", what=what, seal=witnesses.number))


def _with_leaves(statement: Statement, seal: Seal | None, findings: Findings) -> TrustedSeal:
    """Take the database's leaves if they lead to the root; else the rows are judged without them."""
    if seal is None:
        return TrustedSeal(statement=statement, leaves=None)
    fits = len(seal.leaves) == statement.head.entry_count
    fits = fits and statement.head.root_over(seal.leaves) == statement.root
    if not fits and seal.statement == statement:
        findings.add(Problem(part="seal", what="the leaves do not give the root", seal=seal.number))
    return TrustedSeal(statement=statement, leaves=seal.leaves if fits else None)


def _check_follows(statement: Statement, before: _Reached, findings: Findings) -> None:
    number, (last, reached) = statement.head.number, before
    if number > last + 1:
        what = f"missing up to seal {number - 1}, and not in the anchor file"
        findings.add(Problem(part="seal", what=what, seal=last + 1))
    elif reached and statement.head.previous_hash != reached:
        findings.add(Problem(part="seal", what="does not follow the seal before it", seal=number))


def _signed(content: bytes, signature: bytes, certificates: Certificates) -> Statement | None:
    """Give the statement if one of our certificates signed it."""
    statement = Statement.read(content)
    if statement is None:
        return None
    certificate = certificates.get(statement.certificate)
    algorithm = SIGNATURES.get(statement.algorithm)
    if certificate is None or algorithm is None:
        return None
    try:
        verify_bytes(public_key(certificate), algorithm, signature=signature, data=content)
    except SignatureError:
        return None
    return statement


def by_fingerprint(certificates: Iterable[x509.Certificate]) -> Certificates:
    """Index certificates by the fingerprint a statement names."""
    return {fingerprint(certificate): certificate for certificate in certificates}
