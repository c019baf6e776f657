"""Write a batch as lines of COPY, table by table, the way admission and the projection would have left it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from gateway.foundation.policy_settings import FieldPolicy
from gateway.matching.blocking import blocking_keys
from gateway.matching.record import Record
from gateway.registry.name_keys import roots_of
from gateway.registry.policy import OFFICIAL
from gateway.registry.timeline.policies import digest_of
from gateway.sandbox.country.plan import TOLD_AT, Plan
from gateway.sandbox.country.values import Batch, Human, Place, Post, Tie

WRITER = "synthetic"
_ASSERTION, _IDENTIFIER, _PERIOD, _MOVEMENT, _TIE = 4, 5, 6, 7, 8
_NULL = r"\N"
_DOCUMENTS = {"PIN": "pin", "BIRTH_CERT": "birth_certificate", "PASSPORT": "passport"}
_CLOSING = {"TRANSFERRED": "TRANSFER_OUT", "DECEASED": "DIE"}

# the order in which rows may refer to others; person and registry_event get their last column when loaded
COLUMNS = {
    "person": "id status surname given_name patronymic birth_date sex citizenship death_date version created_at "
    "projected_at policy_digest isuo_no",
    "person_identifier": "id person_id scheme value valid_until status recorded_at",
    "assertion": "id subject_type subject_id field value source_code source_record_key entered_by recorded_at "
    "verified_at told_at valid_from",
    "field_provenance": "subject_id field assertion_id source_code verified_at status stale_after projected_at",
    "match_key": "key person_id",
    "name_key": "root person_id",
    "enrolment": "id person_id organisation_id level form grade start_on end_on recorded_at",
    "enrolment_status_period": "id enrolment_id status from_on until_on",
    "movement": "id enrolment_id kind order_on effective_on until_on from_organisation_id to_organisation_id "
    "from_grade to_grade recorded_at recorded_by",
    "person_relationship": "id child_id adult_id kind legal_representative evidence status source_code act "
    "recorded_at recorded_by verified_at",
    "registry_event": "type subject_type subject_id at effective_on detail xid",
}


@dataclass(slots=True, kw_only=True)
class Lines:
    """A batch ready to be copied: lines by table, without line ends, and the assertions to take back."""

    tables: dict[str, list[str]] = field(default_factory=lambda: {table: [] for table in COLUMNS})
    retracted: list[str] = field(default_factory=list)


class Writer:
    """Writes batches of one plan under one set of source-of-truth policies; all rows share its words."""

    def __init__(self, plan: Plan, policies: Mapping[str, FieldPolicy]) -> None:
        """Prepare what all rows share: the instant, the record key, the policies and what they make stale."""
        self.plan = plan
        self.at = TOLD_AT.isoformat()
        self.record_key = f"{WRITER}:{plan.seed}"
        self.digest = digest_of(policies)
        self._stale = {
            name: (TOLD_AT + timedelta(days=policy.stale_after_days)).isoformat()
            for name, policy in policies.items()
            if policy.stale_after_days
        }

    def lines(self, batch: Batch) -> Lines:
        """Write everything of a batch."""
        return _Page(self, batch).written()

    def stale_after(self, name: str) -> str:
        """Give when a value of this field that was verified at TOLD_AT becomes stale."""
        return self._stale.get(name, _NULL)


class _Page:
    """The lines of one batch while they are written."""

    def __init__(self, writer: Writer, batch: Batch) -> None:
        self._writer, self._batch = writer, batch
        self._at, self._lines, self._made = writer.at, Lines(), 0

    def written(self) -> Lines:
        """Write people, ties and posts."""
        for person in self._batch.people:
            self._person(person)
        for tie in self._batch.ties:
            self._tie(tie)
        for post in self._batch.posts:
            self._post(post)
        return self._lines

    def _add(self, table: str, *values: object) -> None:
        self._lines.tables[table].append("\t".join([_NULL if each is None else str(each) for each in values]))

    def _id(self, kind: int) -> str:
        self._made += 1
        return self._writer.plan.id(kind, self._batch.number, self._made)

    def _person(self, person: Human) -> None:
        status = "DECEASED" if person.death_date else "ACTIVE"
        self._add(
            "person", person.id, status, person.surname, person.given_name, person.patronymic, person.birth_date,
            person.sex, person.citizenship, person.death_date, 1, self._at, self._at, self._writer.digest,
        )  # fmt: skip
        self._event("PERSON_CREATED", "PERSON", person.id)
        for one in person.identifiers:
            self._add(
                "person_identifier", self._id(_IDENTIFIER), person.id, one.scheme, one.value, one.valid_until,
                one.status, self._at,
            )  # fmt: skip
        for name, value in _fields(person):
            self._field(person, name, str(value))
        if person.falsely_dead_on:
            told = self._told("PERSON", person.id, "death_date", str(person.falsely_dead_on), source="ZAGS")
            self._lines.retracted.append(told)
        for key in blocking_keys(record_of(person)):
            self._add("match_key", key, person.id)
        for root in sorted(_name_roots(person)):
            self._add("name_key", root, person.id)
        for before, place in zip((None, *person.places), person.places, strict=False):
            self._place(person, place, before)

    def _field(self, person: Human, name: str, value: str) -> None:
        told = self._told("PERSON", person.id, name, value, source=person.source)
        official = person.source in OFFICIAL
        self._add(
            "field_provenance", person.id, name, told, person.source, self._at if official else None,
            "FILLED_BY_SOURCE" if official else "UNVERIFIED",
            self._writer.stale_after(name) if official else None, self._at,
        )  # fmt: skip

    def _told(
        self, sort: str, subject: str, name: str, value: object, *, source: str, since: date | None = None
    ) -> str:
        told, text = self._id(_ASSERTION), json.dumps(value, ensure_ascii=False)
        self._add(
            "assertion", told, sort, subject, name, text, source, self._writer.record_key, WRITER, self._at,
            self._at if source in OFFICIAL else None, self._at, since,
        )  # fmt: skip
        return told

    def _event(
        self, kind: str, sort: str, subject: str, since: date | None = None, detail: str = "{}"
    ) -> None:
        self._add("registry_event", kind, sort, subject, self._at, since, detail)

    def _place(self, person: Human, place: Place, before: Place | None) -> None:
        home, at = place.organisation.id, self._at
        self._add(
            "enrolment", place.id, person.id, home, place.level, place.form, place.grade, place.start_on,
            place.end_on, at,
        )  # fmt: skip
        opening = "TRANSFER_IN" if before else "ENROL"
        for period in place.periods:
            self._add(
                "enrolment_status_period", self._id(_PERIOD), place.id, period.status, period.from_on,
                period.until_on,
            )  # fmt: skip
        came_from = before.organisation.id if before else None
        order = self._order(
            place, opening, place.start_on, places=(came_from, home), grades=(None, place.opened_grade)
        )
        detail = json.dumps({"movement_id": order, "kind": opening})
        self._event("ENROLMENT_CREATED", "ENROLMENT", place.id, place.start_on, detail)
        self._later_orders(person, place)
        if place.group:
            self._told(
                "ENROLMENT", place.id, "class_group", place.group, source="SCHOOL", since=place.start_on
            )

    def _later_orders(self, person: Human, place: Place) -> None:
        home, after = place.organisation.id, person.places[-1].organisation.id
        for step in place.promotions:
            self._order(place, "PROMOTE", step.on, grades=(step.from_grade, step.to_grade))
        for period in place.periods[1:]:
            goes_to = after if period.status == "TRANSFERRED" else None
            kind = _CLOSING.get(period.status)
            if kind:
                self._order(place, kind, period.from_on, places=(home, goes_to))
            elif period.status == "ACADEMIC_LEAVE":
                self._order(place, "LEAVE", period.from_on, until=period.until_on)
            else:
                self._order(place, "RETURN", period.from_on)

    def _order(
        self,
        place: Place,
        kind: str,
        on: date,
        *,
        until: date | None = None,
        places: tuple[str | None, str | None] = (None, None),
        grades: tuple[str | None, str | None] = (None, None),
    ) -> str:
        order = self._id(_MOVEMENT)
        self._add("movement", order, place.id, kind, on, on, until, *places, *grades, self._at, WRITER)
        return order

    def _tie(self, tie: Tie) -> None:
        proved = tie.evidence != "DECLARED"
        source = "ZAGS" if tie.evidence == "BIRTH_ACT" else "SCHOOL"
        self._add(
            "person_relationship", self._id(_TIE), tie.child_id, tie.adult_id, tie.kind, "t", tie.evidence,
            "VERIFIED" if proved else "UNVERIFIED", source, tie.act, self._at, WRITER,
            self._at if proved else None,
        )  # fmt: skip

    def _post(self, post: Post) -> None:
        code = post.organisation.code
        value = {"organisation_code": code, "position": post.position}
        self._told("EMPLOYMENT", post.person_id, "post", value, source="SCHOOL", since=post.since)
        if post.position == "HEAD":
            whose = post.organisation.id
            self._told("ORGANISATION", whose, "head", post.person_id, source="MINJUST", since=post.since)


def _fields(person: Human) -> Iterable[tuple[str, object]]:
    for name in ("surname", "given_name", "patronymic", "birth_date", "sex", "citizenship", "death_date"):
        value = getattr(person, name)
        if value is not None:
            yield name, value
    for one in person.identifiers:
        if one.scheme in _DOCUMENTS and not one.valid_until:
            yield _DOCUMENTS[one.scheme], one.value


def _name_roots(person: Human) -> frozenset[str]:
    names = (person.surname, person.given_name, person.patronymic)
    return frozenset().union(*(_roots(name) for name in names if name))


@lru_cache(maxsize=100_000)
def _roots(name: str) -> frozenset[str]:
    return roots_of([name])


def record_of(person: Human) -> Record:
    """Give what the entry is found by: the values told, and the organisation where it studies."""
    numbers = {name: person.current(scheme) for scheme, name in _DOCUMENTS.items()}
    pin, certificate, passport = (numbers[name] for name in ("pin", "birth_certificate", "passport"))
    return Record(
        surname=person.surname,
        given_name=person.given_name,
        patronymic=person.patronymic,
        birth_date=person.birth_date,
        pin=pin.value if pin else None,
        birth_certificate=certificate.value if certificate else None,
        passport=passport.value if passport else None,
        organisation=person.places[-1].organisation.code if person.places else None,
    )
