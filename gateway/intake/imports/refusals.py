"""Why a file as a whole is not taken in, and what to do with it, in three languages."""

from gateway.foundation.errors import RegistryError
from gateway.intake.reasons import LANGUAGES
from gateway.registry.titles import column_title

SENTENCES: dict[str, tuple[str, str, str]] = {
    "FILE_EMPTY": ("файл бош", "файл пуст", "the file is empty"),
    "FILE_TOO_LARGE": (
        "файл {detail} МБдан чоң: бөлүп жөнөтүңүз",
        "файл больше {detail} МБ: отправьте его частями",
        "the file is larger than {detail} MB: send it in parts",
    ),
    "TOO_MANY_ROWS": (
        "саптар {detail} ашык: бөлүп жөнөтүңүз",
        "строк больше {detail}: отправьте файл частями",
        "the file has more than {detail} rows: send it in parts",
    ),
    "NOT_TEXT": (
        "бул тексттик файл эмес: таблицаны «CSV UTF-8» же .xlsx деп сактаңыз",
        "это не текстовый файл: сохраните таблицу как «CSV UTF-8» или .xlsx",
        "this is not a text file: save the table as «CSV UTF-8» or .xlsx",
    ),
    "WORKBOOK_OLD": (
        "бул эски (.xls) же сырсөздүү Excel китеби: сырсөзсүз .xlsx деп сактаңыз",
        "это старая (.xls) или защищённая паролем книга Excel: сохраните как .xlsx без пароля",
        "this is an old (.xls) or password-protected Excel workbook: save it as .xlsx without a password",
    ),
    "WORKBOOK_MACROS": (
        "Excel китебинде макростор бар: .xlsx деп сактаңыз",
        "в книге Excel есть макросы: сохраните её как .xlsx",
        "the Excel workbook has macros: save it as .xlsx",
    ),
    "WORKBOOK_BROKEN": (
        "Excel китебин окууга болбойт: Excelде ачып, .xlsx же «CSV UTF-8» деп кайра сактаңыз",
        "книгу Excel нельзя прочитать: откройте её в Excel и сохраните заново как .xlsx или «CSV UTF-8»",
        "the Excel workbook cannot be read: open it in Excel and save it as .xlsx or «CSV UTF-8» again",
    ),
    "WORKBOOK_TOO_LARGE": (
        "Excel китеби ачылганда өтө чоң ({detail}): бөлүп жөнөтүңүз",
        "книга Excel в раскрытом виде слишком велика ({detail}): отправьте её частями",
        "the Excel workbook is too large when unpacked ({detail}): send it in parts",
    ),
    "SEVERAL_SHEETS": (
        "бир нече баракта тизме бар ({detail}): ар бирин өзүнчө файл менен жөнөтүңүз",
        "списки есть на нескольких листах ({detail}): отправьте каждый отдельным файлом",
        "several sheets hold a list ({detail}): send each as a file of its own",
    ),
    "NO_HEADINGS": (
        "аталыштар табылган жок: биринчи саптар тилкелерди атоого тийиш",
        "заголовки не найдены: первые строки должны называть столбцы",
        "no headings were found: the first lines must name the columns",
    ),
    "COLUMNS_MISSING": (
        "бул тилкелер жок: {detail}",
        "нет этих столбцов: {detail}",
        "these columns are missing: {detail}",
    ),
    "COLUMNS_TWICE": (
        "бул тилкелер эки жолу турат: {detail}",
        "эти столбцы стоят дважды: {detail}",
        "these columns stand twice: {detail}",
    ),
    "TEMPLATE_UNKNOWN": (
        "бул «{detail}» шаблону: мында окуучулардын (learners) шаблону керек",
        "это шаблон «{detail}»: здесь нужен шаблон учащихся (learners)",
        "this is a template for «{detail}»: the one for learners is needed here",
    ),
    "TEMPLATE_OLD": (
        "шаблондун {detail} версиясы эскирген: жаңысын алыңыз (kopuro import template)",
        "версия шаблона {detail} устарела: возьмите новую (kopuro import template)",
        "version {detail} of the template is out of date: take the new one (kopuro import template)",
    ),
    "TEMPLATE_NEWER": (
        "шаблондун {detail} версиясы бул реестрге белгисиз: ушул реестрдин шаблонун алыңыз",
        "версия шаблона {detail} этому реестру неизвестна: возьмите шаблон этого реестра",
        "version {detail} of the template is newer than this registry knows: take the template from here",
    ),
}


class ImportRefused(RegistryError):
    """The file as a whole cannot be read; `code` says why, the message what to do with it."""

    def __init__(self, code: str, *details: str) -> None:
        """Keep the code and what completes its sentence: columns, sheets, numbers, never a cell."""
        super().__init__(SENTENCES[code][-1].replace("{detail}", ", ".join(details)))
        self.code = code
        self.details = details


def explain_refusal(refused: ImportRefused, language: str) -> str:
    """Say in ky, ru or en why a file was refused, with the columns under the names people use."""
    detail = ", ".join(column_title(name, language) for name in refused.details)
    return SENTENCES[refused.code][LANGUAGES.index(language)].replace("{detail}", detail)
