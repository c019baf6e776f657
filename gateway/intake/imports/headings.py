"""What schools call the columns of a learners' file, in English, Russian and Kyrgyz: a table."""

import re

HEADINGS: dict[str, tuple[str, ...]] = {
    "record_id": (
        "record id", "id", "source id", "код записи", "ид записи", "ид", "жазуу коду", "жазуунун коду",
    ),
    "pin": (
        "pin", "pin code", "personal number", "пин", "инн", "персональный номер",
        "персональный идентификационный номер", "идентификационный номер", "пин ребенка", "пин ученика",
        "жеке номери", "жеке номер", "жеке идентификациялык номер", "жеке идентификациялык номери",
    ),
    "surname": ("surname", "last name", "family name", "фамилия", "фамилия ученика", "фамилиясы", "теги"),
    "given_name": ("given name", "first name", "name", "имя", "имя ученика", "аты", "ысымы", "ысым"),
    "patronymic": ("patronymic", "middle name", "отчество", "атасынын аты", "атасынын ысымы", "патроними"),
    "sex": ("sex", "gender", "пол", "жынысы", "жыныс"),
    "birth_date": (
        "birth date", "date of birth", "dob", "birthday", "дата рождения", "день рождения", "год рождения",
        "туулган күнү", "туулган күн", "туулган датасы", "туулган жылы",
    ),
    "citizenship": ("citizenship", "гражданство", "жарандыгы", "жарандык"),
    "organisation_code": (
        "organisation code", "organization code", "organisation", "organization", "school", "school code",
        "код организации", "организация", "код школы", "школа", "код оо", "окпо", "уюмдун коду", "уюм",
        "мектеп", "мектептин коду", "мекеменин коду",
    ),
    "birth_certificate": (
        "birth certificate", "свидетельство о рождении", "номер свидетельства о рождении",
        "туулгандыгы тууралуу күбөлүк", "туулгандык жөнүндө күбөлүк",
    ),
    "passport": (
        "passport", "passport number", "паспорт", "номер паспорта", "паспорту", "паспорттун номери",
    ),
    "grade": ("grade", "class", "year of study", "класс", "класс обучения", "классы", "окуган классы"),
    "level": ("level", "education level", "уровень", "уровень образования", "деңгээли", "билим деңгээли"),
    "form": ("form", "form of study", "форма обучения", "окуу формасы"),
    "start_on": (
        "start on", "start date", "enrolled on", "enrolment date", "enrollment date", "дата зачисления",
        "дата поступления", "дата приема", "кабыл алынган күнү", "окууга кабыл алынган күнү",
    ),
}  # fmt: skip

WORDS: dict[str, dict[str, str]] = {
    "form": {
        "очная": "FULL_TIME", "очно": "FULL_TIME", "дневная": "FULL_TIME", "күндүзгү": "FULL_TIME",
        "вечерняя": "EVENING", "кечки": "EVENING", "заочная": "EXTRAMURAL", "сырттан": "EXTRAMURAL",
        "семейная": "FAMILY", "үй-бүлөлүк": "FAMILY", "экстернат": "EXTERN", "на дому": "HOME",
        "үйдө": "HOME",
    },
}  # fmt: skip

_NOTE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NOT_WORD = re.compile(r"[\W_]+")


def heading_key(heading: str) -> str:
    """Reduce a heading to the form of the table: lower case, no notes in brackets, single spaces."""
    text = _NOTE.sub(" ", heading.casefold().replace("ё", "е"))
    return _NOT_WORD.sub(" ", text).strip()


_COLUMNS = {heading_key(name): column for column, names in HEADINGS.items() for name in (column, *names)}


def column_of(heading: str) -> str | None:
    """Give our name of a column, or None for one we do not take in."""
    return _COLUMNS.get(heading_key(heading))


def value_of(column: str, cell: str) -> str:
    """Give our code for a word schools write; any other value stays as it is."""
    return WORDS.get(column, {}).get(cell.casefold(), cell)
