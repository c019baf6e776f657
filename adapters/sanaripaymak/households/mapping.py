"""What sanaripaymak-service means by its fields: the only place that knows its vocabulary.

Only `pin`, `members` and `code` were seen; the other names are assumed. Whatever comes under another name is named in
the notes, never taken.
"""

from adapters.sanaripaymak.dialect import read_answer
from gateway.intake.answers import Outcome
from gateway.intake.plugs import FetchedReply
from gateway.intake.ports_documents import AddressRecord
from gateway.intake.ports_household import HouseholdMember
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.json_reading import JsonFields
from gateway.intake.speaking.reading import malformed
from gateway.intake.speaking.values import is_pin

ADDRESS = uses(fill="address", verify="pin", frame="code")
MEMBERS = uses(
    fill="members.pin members.relation",
    drop="members.surname members.name members.patronymic members.birthDate pin",
    frame="code",
)


def read_address(reply: FetchedReply, pin: str) -> Finding[AddressRecord]:
    """Understand address-fact; raises ContractError for a missing field or somebody else's address."""
    body = read_answer(reply)
    if isinstance(body, Finding):
        return Finding(outcome=body.outcome, code=body.code)
    if body.text("pin") != pin:
        raise malformed("the answer is about another PIN", where="pin", code="wrong_person")
    text = body.text("address")
    notes = noted(unknown_fields=" ".join(body.unread(dropped=ADDRESS.dropped_in())))
    if not text:
        return Finding(outcome=Outcome.NOT_FOUND, notes=notes)
    return Finding(outcome=Outcome.FOUND, record=AddressRecord(text=text), notes=notes)


def read_members(reply: FetchedReply) -> Finding[tuple[HouseholdMember, ...]]:
    """Understand family-members: who they are by PIN, and nothing more of them.

    Raises ContractError for an answer without a list, or a member without a PIN.
    """
    body = read_answer(reply)
    if isinstance(body, Finding):
        return Finding(outcome=body.outcome, code=body.code)
    groups = body.groups("members")
    if not groups:
        raise malformed("the answer holds no members", where="members")
    unknown = {
        *body.unread(dropped=MEMBERS.dropped_in()),
        *(name for one in groups for name in one.unread(dropped=_dropped() | {"pin", "relation"})),
    }
    return Finding(
        outcome=Outcome.FOUND,
        record=tuple(map(_member, groups)),
        notes=noted(unknown_fields=" ".join(sorted(unknown))),
    )


def _dropped() -> frozenset[str]:
    return MEMBERS.dropped_in("members")


def _member(fields: JsonFields) -> HouseholdMember:
    pin = fields.text("pin") or ""
    if not is_pin(pin):
        raise malformed("a member has no PIN", where="members.pin")
    return HouseholdMember(pin=pin, relation=fields.optional("relation"))
