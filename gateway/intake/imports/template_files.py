"""Write an empty template: as CSV, or as a workbook whose cells are text, with a sheet that says how to fill it in."""

import csv
import io
from dataclasses import dataclass

from gateway.foundation.tables import FileFormat, TextWorkbook
from gateway.intake.imports.templates import Template
from gateway.intake.reasons import LANGUAGES

_WIDTH = 20.0
_SHEETS = {"ky": ("Окуучулар", "Эреже"), "ru": ("Учащиеся", "Правила"), "en": ("Learners", "Rules")}
_RULES_HEADING = {
    "ky": ("Тилке", "Кантип толтуруу керек"),
    "ru": ("Столбец", "Как заполнять"),
    "en": ("Column", "How to fill it in"),
}
_NEEDED = {
    "ky": "* – милдеттүү тилкелер. Биринчи сапты өчүрбөңүз: анда шаблондун версиясы турат.",
    "ru": "* – обязательные столбцы. Не удаляйте первую строку: в ней версия шаблона.",
    "en": "* – needed columns. Keep the first row: it states the version of the template.",
}
_DAY = ("кк.аа.жжжж, мисалы 01.09.2026", "дд.мм.гггг, например 01.09.2026", "dd.mm.yyyy, as 01.09.2026")
_AS_WRITTEN = ("документтегидей", "как в документе", "as in the document")
_HINTS: dict[str, tuple[str, str, str]] = {
    "record_id": (
        "мектептин өз коду; ар бир окуучуда башка",
        "собственный код школы, у каждого учащегося свой",
        "the school's own code, another for each learner",
    ),
    "surname": _AS_WRITTEN,
    "given_name": _AS_WRITTEN,
    "patronymic": _AS_WRITTEN,
    "sex": ("ж же м", "ж или м", "F or M"),
    "pin": ("14 сан, тилкенин форматы «Текст»", "14 цифр, формат столбца «Текст»", "14 digits, column format «Text»"),
    "birth_date": _DAY,
    "birth_certificate": ("КР-Х 1234567", "КР-Х 1234567", "КР-Х 1234567"),
    "passport": ("AN1234567", "AN1234567", "AN1234567"),
    "citizenship": ("өлкөнүн коду, мисалы KG", "код страны, например KG", "code of the country, as KG"),
    "organisation_code": ("реестрдеги коду", "код в реестре", "its code in the registry"),
    "level": ("PRIMARY, GENERAL, …", "PRIMARY, GENERAL, …", "PRIMARY, GENERAL, …"),
    "grade": ("1–12", "1–12", "1–12"),
    "form": (
        "күндүзгү, кечки, сырттан, үй-бүлөлүк, экстернат, үйдө",
        "очная, вечерняя, заочная, семейная, экстернат, на дому",
        "FULL_TIME, EVENING, EXTRAMURAL, FAMILY, EXTERN, HOME",
    ),
    "start_on": _DAY,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFile:
    """A template to hand out, and what to call it."""

    file_name: str
    content: bytes


def write_template(
    template: Template, *, file_format: FileFormat = FileFormat.XLSX, language: str = "ru"
) -> TemplateFile:
    """Write an empty template with headings in ky, ru or en."""
    write = _workbook if file_format is FileFormat.XLSX else _text
    name = f"{template.kind}-v{template.version}-{language}.{file_format}"
    return TemplateFile(file_name=name, content=write(template, language))


def _text(template: Template, language: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerows([[template.mark], template.headings(language)])
    return out.getvalue().encode("utf-8-sig")


def _workbook(template: Template, language: str) -> bytes:
    book = TextWorkbook()
    table, rules = _SHEETS[language]
    headings = template.headings(language)
    book.add_sheet(table, [[template.mark], headings], widths=[_WIDTH] * len(headings), bold_row=2)
    place = LANGUAGES.index(language)
    hints = [(heading, _HINTS[name][place]) for heading, name in zip(headings, template.columns, strict=True)]
    book.add_sheet(
        rules, [_RULES_HEADING[language], *hints, [_NEEDED[language]]], widths=(28.0, 60.0), bold_row=1
    )
    return book.content()
