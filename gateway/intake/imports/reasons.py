"""What a reason code of an import means to the person who must mend the file, in three languages."""

from typing import Protocol

from gateway.intake import reasons as intake
from gateway.intake.reasons import LANGUAGES


class Reason(Protocol):
    """A field, a reason code and what completes its sentence."""

    @property
    def field(self) -> str:
        """The column, or nothing for the whole row."""

    @property
    def reason(self) -> str:
        """The code."""

    @property
    def detail(self) -> str:
        """A heading, a line number or a count; never a value."""


SENTENCES: dict[str, tuple[str, str, str]] = {
    "PIN_IN_ANOTHER_COLUMN": (
        "ПИН «{detail}» тилкесинде турат: аны өз тилкесине жылдырыңыз",
        "ПИН стоит в столбце «{detail}»: перенесите его в свой столбец",
        "the PIN stands in the column «{detail}»: move it to its own",
    ),
    "PIN_FIRST_DIGIT_LOST": (
        "ПИНдин биринчи саны жоголгон: 13 сан бар, 14 болушу керек",
        "потеряна первая цифра ПИН: 13 цифр вместо 14",
        "the first digit of the PIN is lost: 13 digits, it has 14",
    ),
    "PIN_OF_ORGANISATION": (
        "бул уюмдун ИННи (0 менен башталат), адамдын ПИНи эмес",
        "это ИНН организации (начинается с 0), а не ПИН человека",
        "this is an organisation's number (it begins with 0), not a person's PIN",
    ),
    "PIN_IS_A_DATE": (
        "ПИНдин ордунда дата турат: тилкелер жылып кеткен",
        "на месте ПИН стоит дата: столбцы сдвинуты",
        "a date stands where the PIN belongs: the columns are shifted",
    ),
    "CODE_SPOILED_BY_SPREADSHEET": (
        "Excel уюмдун кодун санга айландырган, сандары жоголгон: тилкеге «Текст» форматын коюңуз",
        "Excel превратил код организации в число, цифры потеряны: задайте столбцу формат «Текст»",
        "Excel turned the organisation's code into a number and digits are lost: set the column to «Text»",
    ),
    "CODE_LEADING_ZERO_LOST": (
        "уюмдун ИННинин башындагы нөл жоголгон: 13 сан бар, 14 болушу керек",
        "потерян начальный ноль ИНН организации: 13 цифр вместо 14",
        "the leading zero of the organisation's number (ИНН) is lost: 13 digits, it has 14",
    ),
    "DATE_IS_A_NUMBER": (
        "Excel датаны санга айландырган: тилкеге «Дата» форматын коюңуз (кк.аа.жжжж)",
        "Excel превратил дату в число: задайте столбцу формат «Дата» (дд.мм.гггг)",
        "Excel turned the date into a number: set the column to «Date» (dd.mm.yyyy)",
    ),
    "DATE_SHORT_YEAR": (
        "жыл эки сан менен жазылган: кк.аа.жжжж деп жазыңыз",
        "год записан двумя цифрами: пишите дд.мм.гггг",
        "the year has two digits: write dd.mm.yyyy",
    ),
    "DATE_MONTH_FIRST": (
        "ай күндөн мурун турат: кк.аа.жжжж деп жазыңыз",
        "месяц стоит перед днём: пишите дд.мм.гггг",
        "the month stands before the day: write dd.mm.yyyy",
    ),
    "LETTERS_LOST": (
        "файл сакталганда тамгалар (Ң, Ө, Ү) жоголгон: «CSV UTF-8» форматында сактаңыз",
        "при сохранении файла потеряны буквы (Ң, Ө, Ү): сохраните как «CSV UTF-8»",
        "letters (Ң, Ө, Ү) were lost when the file was saved: save it as «CSV UTF-8»",
    ),
    "LETTERS_GARBLED": (
        "тамгалар бузулган: файл туура эмес коддоодо ачылып, кайра сакталган",
        "буквы испорчены: файл открыт в неверной кодировке и сохранён снова",
        "the letters are garbled: the file was opened in a wrong encoding and saved again",
    ),
    "CELL_TOO_NARROW": (
        "тилке тар болгондуктан Excel ##### деп жазган: тилкени кеңейтиңиз",
        "столбец был узок, и Excel записал #####: расширьте столбец",
        "Excel wrote ##### because the column was too narrow: widen it",
    ),
    "CELL_FORMULA_FAILED": (
        "формула эсептелген эмес: маанинин өзүн киргизиңиз",
        "формула не вычислена: введите само значение",
        "a formula failed here: enter the value itself",
    ),
    "ROW_QUOTE_OPEN": (
        'тырмакча " ачылып, жабылган эмес',
        'кавычка " открыта и не закрыта',
        'a quotation mark " is opened and not closed',
    ),
    "ROW_CELL_COUNT": (
        "уячалардын саны башкача ({detail}): ажыраткычтарды текшериңиз",
        "другое число ячеек ({detail}): проверьте разделители",
        "another number of cells ({detail}): check the separators",
    ),
    "ROW_HEADINGS_REPEATED": (
        "бул жерде аталыштар кайталанган", "здесь повторены заголовки", "the headings are repeated here",
    ),
    "ROW_TOO_LONG": (
        "сап {detail} белгиден узун", "строка длиннее {detail} знаков",
        "the line is longer than {detail} characters",
    ),
    "RECORD_ID_REPEATED": (
        "бул жазуунун коду {detail}-сапта да бар", "этот код записи уже стоит в строке {detail}",
        "this record id already stands on line {detail}",
    ),
    "NOT_STORED": (
        "реестр бул сапты кабыл алган жок", "реестр не принял эту строку",
        "the registry did not take this row",
    ),
}  # fmt: skip


COMMENT_HEADING = {"ky": "Köpürö: түшүндүрмө", "ru": "Köpürö: комментарий", "en": "Köpürö: comment"}
# CP1251 has no ö and ü: a file in it is given back with plain letters
COMMENT_HEADINGS = frozenset(
    {
        *COMMENT_HEADING.values(),
        *(text.replace("ö", "o").replace("ü", "u") for text in COMMENT_HEADING.values()),
    }
)


def explain(problem: Reason, language: str = "en") -> str:
    """Say what is wrong in ky, ru or en: an import's own reason, or one of intake's."""
    sentences = SENTENCES.get(problem.reason)
    if sentences is None:
        return intake.sentence(problem.reason, language)
    return sentences[LANGUAGES.index(language)].replace("{detail}", problem.detail)
