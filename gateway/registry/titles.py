"""What people call the fields of a learner, in ky, ru and en: a table."""

_LANGUAGES = ("ky", "ru", "en")
_TITLES: dict[str, tuple[str, str, str]] = {
    "isuo_no": ("ИСУО номери", "номер ИСУО", "registry number"),
    "record_id": ("жазуунун коду", "код записи", "record id"),
    "pin": ("ПИН", "ПИН", "PIN"),
    "surname": ("фамилиясы", "фамилия", "surname"),
    "given_name": ("аты", "имя", "given name"),
    "patronymic": ("атасынын аты", "отчество", "patronymic"),
    "sex": ("жынысы", "пол", "sex"),
    "birth_date": ("туулган күнү", "дата рождения", "birth date"),
    "citizenship": ("жарандыгы", "гражданство", "citizenship"),
    "organisation_code": ("уюмдун коду", "код организации", "organisation code"),
    "grade": ("классы", "класс", "grade"),
    "birth_certificate": ("туулгандыгы тууралуу күбөлүк", "свидетельство о рождении", "birth certificate"),
    "passport": ("паспорту", "паспорт", "passport"),
    "level": ("билим деңгээли", "уровень образования", "education level"),
    "form": ("окуу формасы", "форма обучения", "form of study"),
    "start_on": ("кабыл алынган күнү", "дата зачисления", "start date"),
}


def column_title(column: str, language: str) -> str:
    """Give what a person calls a column; one without a title stands for itself."""
    titles = _TITLES.get(column)
    return titles[_LANGUAGES.index(language)] if titles else column
