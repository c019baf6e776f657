"""Why something was not taken, or taken with a warning: one code, one sentence in three languages."""

from collections.abc import Mapping

LANGUAGES = ("ky", "ru", "en")

REASONS: Mapping[str, tuple[str, str, str]] = {
    "REQUIRED": ("Бул талааны толтуруу керек", "Поле обязательно", "This field is required"),
    "NAME": (
        "Бул жерде аты-жөн гана болушу керек",
        "Здесь допустимо только имя: буквы, пробел, дефис",
        "Only a name may stand here: letters, spaces, hyphens",
    ),
    "TOO_LONG": ("Өтө узун", "Слишком длинное значение", "The value is too long"),
    "TEXT": ("Текст болушу керек", "Должен быть текст", "The value must be text"),
    "DATE": (
        "Күнү туура эмес: КК.АА.ЖЖЖЖ же ЖЖЖЖ-АА-КК",
        "Неверная дата: ДД.ММ.ГГГГ или ГГГГ-ММ-ДД",
        "Not a date: write DD.MM.YYYY or YYYY-MM-DD",
    ),
    "DATE_IN_FUTURE": ("Күнү келечекте", "Дата в будущем", "The date lies in the future"),
    "SEX": ("Жынысы: эркек же аял", "Пол: мужской или женский", "Sex must be male or female"),
    "FORM": ("Окуу формасы белгисиз", "Неизвестная форма обучения", "The form of study is not known"),
    "COUNTRY": (
        "Өлкөнүн үч тамгалуу коду керек, мисалы UZB",
        "Нужен трёхбуквенный код страны, например UZB",
        "The country's three-letter code is needed, as in UZB",
    ),
    "UNKNOWN_FIELD": ("Мындай талаа жок", "Такого поля нет", "There is no such field"),
    "JSON": ("JSON окулбай калды", "Тело запроса не является JSON", "The body is not JSON"),
    "PIN_LENGTH": (
        "ПИНде 14 цифра болушу керек",
        "В ПИН должно быть ровно 14 цифр",
        "A PIN has exactly 14 digits",
    ),
    "PIN_DIGITS": (
        "ПИНде цифрадан башка белги бар",
        "В ПИН есть знаки, которые не являются цифрами",
        "The PIN holds characters other than digits",
    ),
    "PIN_SPOILED_BY_SPREADSHEET": (
        "ПИНди электрондук таблица санга айлантып салган: уячаны текст кылып, кайра жазыңыз",
        "Таблица превратила ПИН в число: сделайте ячейку текстовой и введите его заново",
        "A spreadsheet turned the PIN into a number: make the cell text and type it again",
    ),
    "PIN_SEX_DIGIT": (
        "ПИНдин биринчи цифрасы 1 же 2 болушу керек",
        "Первая цифра ПИН должна быть 1 или 2",
        "The first digit of a PIN is 1 or 2",
    ),
    "PIN_DATE": (
        "ПИНдин 2–9-цифралары күн эмес",
        "Цифры ПИН со 2-й по 9-ю не являются датой",
        "Digits 2 to 9 of the PIN are no date",
    ),
    "PIN_BIRTH_DATE_MISMATCH": (
        "ПИНдеги туулган күн жазылган туулган күнгө дал келбейт",
        "Дата рождения в ПИН (цифры 2–9) не совпадает с введённой датой рождения",
        "The birth date inside the PIN (digits 2 to 9) is not the birth date typed",
    ),
    "PIN_SEX_MISMATCH": (
        "ПИНдин биринчи цифрасы жазылган жыныска дал келбейт",
        "Первая цифра ПИН не соответствует введённому полу",
        "The first digit of the PIN does not fit the sex typed",
    ),
    "PIN_NOT_THIS_PERSON": (
        "ПИН аты-жөнүнө же туулган күнүнө дал келбейт",
        "ПИН не соответствует ФИО или дате рождения",
        "The PIN does not belong to this name and birth date",
    ),
    "PIN_BLOCKED": (
        "ПИН ЖААК тарабынан бөгөттөлгөн",
        "ПИН заблокирован органом ЗАГС",
        "The civil registry has blocked this PIN",
    ),
    "PIN_REPLACED": (
        "ЖААК бул ПИНди башкасына алмаштырган",
        "Орган ЗАГС заменил этот ПИН другим",
        "The civil registry has replaced this PIN by another",
    ),
    "PIN_CONFLICT": (
        "ПИН боюнча карама-каршылык бар: кароого берилди",
        "Противоречие по ПИН: передано на разбор",
        "The PIN is contradictory: a review case is open",
    ),
    "PIN_NOT_FOUND": ("ЖААКта мындай ПИН жок", "В ЗАГС такого ПИН нет", "The civil registry has no such PIN"),
    "ANOTHER_RESULT": (
        "Оңдоо ошол эле күбөлүккө жана сыноого тиешелүү болууга тийиш",
        "Исправление должно называть то же свидетельство и то же испытание",
        "A correction names the same certificate and examination",
    ),
    "PASSPORT_VOID": ("Паспорт жараксыз", "Паспорт недействителен", "The passport is void"),
    "PASSPORT_EXPIRED": ("Паспорттун мөөнөтү бүткөн", "Срок паспорта истёк", "The passport has expired"),
    "SOURCES_DISAGREE": (
        "ЖААК менен паспорт кызматынын маалыматы ар башка",
        "Данные ЗАГС и паспортной службы расходятся",
        "The civil registry and the passport service disagree",
    ),
    "DEATH_RECORDED": (
        "Каза болгондугу катталган",
        "Зарегистрирована смерть",
        "A death is recorded",
    ),
    "ORGANISATION_UNKNOWN": (
        "Мындай коддогу уюм жок",
        "Организации с таким кодом нет",
        "There is no organisation with this code",
    ),
    "DUP_LIKELY": (
        "Бул бала катталган окшойт: кароого берилди",
        "Похоже, этот ребёнок уже есть в реестре: передано на разбор",
        "This child seems to be in the registry already: a review case is open",
    ),
    "DUP_POSSIBLE": (
        "Окшош бала катталган: кароого берилди",
        "В реестре есть похожий ребёнок: передано на разбор",
        "A similar child is in the registry: a review case is open",
    ),
    "DUP_ENROLMENT": (
        "Бала башка мектепте күндүзгү бөлүмдө окуйт: кароого берилди",
        "Ребёнок уже зачислен очно в другую организацию: передано на разбор",
        "The child is already enrolled full-time elsewhere: a review case is open",
    ),
    "SOURCE_CONFLICT": (
        "Маалымат булактары ар башка айтат: кароого берилди",
        "Источники расходятся: передано на разбор",
        "Sources disagree: a review case is open",
    ),
}


def sentence(code: str, language: str) -> str:
    """Say a reason in ky, ru or en; a code without a sentence is given back as it is."""
    spoken = REASONS.get(code)
    if spoken is None:
        return code
    return spoken[LANGUAGES.index(language)] if language in LANGUAGES else spoken[-1]


def choose_language(accepted: str | None) -> str:
    """Choose ky, ru or en by an Accept-Language header; kg is read as ky, English is the last resort."""
    wishes = []
    for place, wish in enumerate((accepted or "").split(",")):
        name, _, weight = wish.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, name.split("-")[0].lower().replace("kg", "ky")))
        except ValueError:
            continue
    return next((name for _, _, name in sorted(wishes) if name in LANGUAGES), "en")
