"""Truths planted in a batch, each with its label: what matching and review must find, and must not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from gateway.sandbox.country.households import Maker
from gateway.sandbox.country.naming import adult_surname, surname_of
from gateway.sandbox.country.organisations import renamed
from gateway.sandbox.country.plan import TODAY, Plan
from gateway.sandbox.country.schooling import ended_by_death
from gateway.sandbox.country.values import Batch, Human, Identifier, Tie, Truth

DUPLICATES = (
    "NO_PIN", "PIN_ONE_DIGIT", "DAY_MONTH_SWAPPED", "O_FOR_Ө", "NAMES_SWAPPED", "MARRIED_NAME",
)  # fmt: skip
_COUNTRIES = ("UZB", "KAZ", "TJK", "RUS", "TUR", "CHN")
_HAPPENED = date(2026, 2, 20)


def make_batch(plan: Plan, number: int) -> Batch:
    """Make one batch of the country: always the same for a plan and a number."""
    maker = Maker(plan, number)
    maker.settle()
    chosen = _Chosen(maker)
    for kind, plant in _LEARNER_TRUTHS.items():
        for index in range(plan.planted(kind, number)):
            plant(maker, chosen, index)
    _double_documents(maker, plan.planted("STAFF_DOUBLE_DOCUMENT", number))
    _organisation_truths(maker)
    return Batch(
        number=number,
        people=tuple(maker.people.values()),
        ties=tuple(maker.ties),
        posts=tuple(maker.posts),
        truths=tuple(maker.truths),
    )


class _Chosen:
    """The batch's learners in a drawn order, each for one truth only; twins stay as they are."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._left = [each for each in maker.learners if each not in maker.twins]
        maker.chance.shuffle(self._left)

    def take(self, fits: Callable[[Human], bool] = lambda _: True) -> Human:
        """Give the next learner who fits; raises LookupError when there is none left."""
        for index, person_id in enumerate(self._left):
            person = self._maker.people[person_id]
            if fits(person):
                del self._left[index]
                return person
        raise LookupError("the batch has no such learner left")


def _duplicate(maker: Maker, chosen: _Chosen, index: int) -> None:
    """Enter a pupil a second time, by hand, at another school."""
    detail = DUPLICATES[(index + maker.batch) % len(DUPLICATES)]
    try:
        child = chosen.take(lambda one: _is_pupil(one) and _can_be(detail, one))
    except LookupError:  # a small batch may have nobody of that kind
        detail, child = "NO_PIN", chosen.take(_is_pupil)
    copy = replace(
        _typed(maker, child, detail),
        id=maker.numbers.person_id(),
        role="DUPLICATE",
        source="SCHOOL",
        places=(maker.schooling.elsewhere(child.places[-1]),),
    )
    maker.add(copy)
    maker.truths.append(Truth("DUPLICATE", detail, child.id, copy.id))


def _can_be(detail: str, child: Human) -> bool:
    if detail == "DAY_MONTH_SWAPPED":
        return child.birth_date.day <= 12 and child.birth_date.day != child.birth_date.month
    if detail == "O_FOR_Ө":
        return "ө" in _names(child).lower()
    if detail == "MARRIED_NAME":
        return child.sex == "F" and (TODAY - child.birth_date).days > 16 * 365
    return True


def _names(child: Human) -> str:
    return f"{child.surname} {child.given_name} {child.patronymic or ''}"


def _typed(maker: Maker, child: Human, detail: str) -> Human:
    """Write the child down with one mistake or change."""
    pin = child.current("PIN")
    claimed = (Identifier("PIN", _one_digit_off(pin.value), "CLAIMED"),) if pin else ()
    if detail == "PIN_ONE_DIGIT":
        return replace(child, identifiers=claimed)
    bare = replace(child, identifiers=())
    if detail == "DAY_MONTH_SWAPPED":
        born = child.birth_date
        return replace(bare, birth_date=born.replace(day=born.month, month=born.day))
    if detail == "O_FOR_Ө":
        plain = str.maketrans("өӨ", "оО")
        father = child.patronymic.translate(plain) if child.patronymic else None
        return replace(
            bare,
            surname=child.surname.translate(plain),
            given_name=child.given_name.translate(plain),
            patronymic=father,
        )
    if detail == "NAMES_SWAPPED":
        return replace(bare, surname=child.given_name, given_name=child.surname)
    if detail == "MARRIED_NAME":
        husband = maker.houses[maker.chance.choice(maker.learners)]
        return replace(bare, surname=adult_surname(husband, "F"))
    return bare


def _one_digit_off(pin: str) -> str:
    return pin[:-2] + str((int(pin[-2]) + 3) % 10) + pin[-1]


def _namesakes(maker: Maker, chosen: _Chosen, index: int) -> None:
    """Give two children of different families the same names; every tenth pair is born on one day too."""
    one = chosen.take(_is_pupil)
    house = maker.houses[one.id]
    other = chosen.take(
        lambda each: _is_pupil(each) and each.sex == one.sex and maker.houses[each.id] is not house
    )
    alike = replace(other, surname=one.surname, given_name=one.given_name, patronymic=one.patronymic)
    same_day = index % 10 == 0
    if same_day:
        alike = _born(maker, alike, one.birth_date)
    maker.add(alike)
    detail = "SAME_BIRTH_DATE" if same_day else "OTHER_BIRTH_DATE"
    maker.truths.append(Truth("NAMESAKES", detail, one.id, other.id))


def _is_pupil(person: Human) -> bool:
    return person.places[-1].level == "GENERAL"


def _born(maker: Maker, person: Human, born: date) -> Human:
    """Let somebody be born on another day: the PIN and the years at school follow."""
    kept = tuple(each for each in person.identifiers if each.scheme != "PIN")
    again = replace(
        person, birth_date=born, identifiers=(Identifier("PIN", maker.numbers.pin(person.sex, born)), *kept)
    )
    return replace(again, places=maker.schooling.places(again, person.places[-1].organisation))


def _pin_replaced(maker: Maker, chosen: _Chosen, _: int) -> None:
    person = chosen.take()
    former = Identifier("PIN", maker.numbers.pin(person.sex, person.birth_date), "REPLACED", _HAPPENED)
    maker.add(replace(person, identifiers=(*person.identifiers, former)))
    maker.truths.append(Truth("PIN_REPLACED", "", person.id))


def _pin_blocked(maker: Maker, chosen: _Chosen, _: int) -> None:
    person = chosen.take()
    blocked = tuple(
        each._replace(status="BLOCKED") if each.scheme == "PIN" else each for each in person.identifiers
    )
    maker.add(replace(person, identifiers=blocked))
    maker.truths.append(Truth("PIN_BLOCKED", "", person.id))


def _death(maker: Maker, chosen: _Chosen, _: int) -> None:
    """Let a learner die: the present place ends on that day."""
    person = chosen.take(lambda one: one.places[-1].start_on < _HAPPENED and len(one.places[-1].periods) == 1)
    *before, place = person.places
    ended = ended_by_death(place, _HAPPENED)
    maker.add(replace(person, death_date=_HAPPENED, places=(*before, ended)))
    maker.truths.append(Truth("DEATH", "", person.id))


def _false_death(maker: Maker, chosen: _Chosen, _: int) -> None:
    """Let the civil registry say that a learner died, and take it back."""
    person = chosen.take()
    maker.add(replace(person, falsely_dead_on=_HAPPENED))
    maker.truths.append(Truth("FALSE_DEATH", "", person.id))


def _foreign(maker: Maker, chosen: _Chosen, _: int) -> None:
    """Let a child be known by the document of another country only."""
    person = chosen.take()
    country = maker.chance.choice(_COUNTRIES)
    document = Identifier("FOREIGN_DOC", f"{country}{maker.numbers.document()}", "CLAIMED")
    maker.add(replace(person, citizenship=country, source="SCHOOL", identifiers=(document,)))
    _declare(maker, person.id)
    maker.truths.append(Truth("FOREIGN", country, person.id))


def _no_pin(maker: Maker, chosen: _Chosen, index: int) -> None:
    """Let a child be written down by hand before there is a PIN; every fifth has no certificate either."""
    person = chosen.take()
    certificate = person.current("BIRTH_CERT")
    kept = (certificate._replace(status="CLAIMED"),) if certificate and index % 5 else ()
    maker.add(replace(person, source="SCHOOL", identifiers=kept))
    _declare(maker, person.id)
    maker.truths.append(Truth("NO_PIN", "CERTIFICATE" if kept else "NO_DOCUMENT", person.id))


def _declare(maker: Maker, child_id: str) -> None:
    """Let a child's parents be declared only: there is no act of this country to prove them."""
    maker.ties = [
        tie._replace(evidence="DECLARED", act="") if tie.child_id == child_id else tie for tie in maker.ties
    ]


def _adopted(maker: Maker, chosen: _Chosen, _: int) -> None:
    """Let a child be adopted: new parents by a court's act, a new certificate, no trace of the former parents."""
    person, donor = chosen.take(), chosen.take()
    house = maker.houses[donor.id]
    maker.ties = [tie for tie in maker.ties if tie.child_id != person.id]
    for tie in [each for each in maker.ties if each.child_id == donor.id]:
        maker.ties.append(Tie(person.id, tie.adult_id, tie.kind, "COURT", f"СОТ-{maker.numbers.document()}"))
    fresh = Identifier("BIRTH_CERT", f"КР-Х{maker.numbers.document()}")
    former = [
        each._replace(status="REPLACED", valid_until=_HAPPENED) if each.scheme == "BIRTH_CERT" else each
        for each in person.identifiers
    ]
    surname = surname_of(house, person.sex)
    maker.add(replace(person, surname=surname, identifiers=(*former, fresh)))
    maker.truths.append(Truth("ADOPTED", "PROTECTED", person.id))


def _double_documents(maker: Maker, count: int) -> None:
    """Let two teachers stand with one passport: the second claim is disputed."""
    staff = [post.person_id for post in maker.posts if post.position == "TEACHER"]
    for index in range(min(count, len(staff) // 2)):
        one, other = maker.people[staff[2 * index]], maker.people[staff[2 * index + 1]]
        passport = one.current("PASSPORT")
        if passport is None:
            continue
        kept = tuple(each for each in other.identifiers if each.scheme != "PASSPORT")
        maker.add(replace(other, identifiers=(*kept, passport._replace(status="DISPUTED"))))
        maker.truths.append(Truth("STAFF_DOUBLE_DOCUMENT", "PASSPORT", one.id, other.id))


def _organisation_truths(maker: Maker) -> None:
    """Rename schools of the district and give others a new head."""
    plan, own = maker.plan, maker.district.own
    for index in range(plan.planted("ORGANISATION_RENAMED", maker.batch)):
        school = maker.district.schools[index % len(maker.district.schools)]
        maker.truths.append(Truth("ORGANISATION_RENAMED", renamed(school)[1], school.id))
    heads = {post.organisation.id: post for post in maker.posts if post.position == "HEAD"}
    teachers = [post for post in maker.posts if post.position == "TEACHER"]
    for index in range(min(plan.planted("HEAD_CHANGED", maker.batch), len(teachers))):
        former = heads.get(own[index % len(own)].id)
        if former:
            since = _HAPPENED + timedelta(days=index)
            new = teachers[-1 - index]._replace(
                organisation=former.organisation, position="HEAD", since=since
            )
            maker.posts.append(new)
            maker.truths.append(
                Truth("HEAD_CHANGED", former.organisation.id, former.person_id, new.person_id)
            )


_LEARNER_TRUTHS: dict[str, Callable[[Maker, _Chosen, int], None]] = {
    "DUPLICATE": _duplicate,
    "NAMESAKES": _namesakes,
    "PIN_REPLACED": _pin_replaced,
    "PIN_BLOCKED": _pin_blocked,
    "DEATH": _death,
    "FALSE_DEATH": _false_death,
    "FOREIGN": _foreign,
    "ADOPTED": _adopted,
    "NO_PIN": _no_pin,
}
