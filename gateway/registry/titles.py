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
    "category_code": ("курамы", "состав", "group of staff"),
    "position_code": ("кызматы", "должность", "position"),
    "kind_code": ("иштин түрү", "вид занятости", "kind of employment"),
    "fte": ("ставка", "ставка", "full-time equivalent"),
    "hours_per_week": ("жумалык саат", "часов в неделю", "hours a week"),
    "employed_since": ("ишке алынган күнү", "принят на работу", "employed since"),
    "start_on": ("кабыл алынган күнү", "дата зачисления", "start date"),
}


def column_title(column: str, language: str) -> str:
    """Give what a person calls a column; one without a title stands for itself."""
    titles = _TITLES.get(column)
    return titles[_LANGUAGES.index(language)] if titles else column
