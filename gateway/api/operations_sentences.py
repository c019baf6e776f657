"""Why something of operators' work is not done: one sentence in ky, ru and en for each reason."""

from collections.abc import Mapping

from gateway.access.sentences import Sentences

OPERATIONS_REFUSALS: Mapping[str, tuple[int, Sentences]] = {
    "SECOND_PERSON": (
        403,
        (
            "Муну экинчи адам бекитиши керек",
            "Это должен подтвердить второй человек",
            "A second person must agree to this",
        ),
    ),
    "NO_JOURNAL_KEYS": (
        503,
        (
            "Журналдын ачкычтары жок: жооптор салыштырылбайт",
            "Нет ключей журнала: ответы не сравниваются",
            "The journal's keys are not here: answers cannot be compared",
        ),
    ),
}
OPERATIONS_REASONS: Mapping[str, Sentences] = {
    "NOTHING_TO_REPLAY": (
        "Кайра жиберүүгө эч нерсе жок",
        "Повторять нечего",
        "There is nothing to ask again",
    ),
    "TAKEN": ("Мындай аталыш бар", "Такое название уже есть", "This name is taken"),
    "FIXED": (
        "Эреженин түрү өзгөрбөйт: жаңысын жазыңыз",
        "Вид правила не меняется: создайте новое",
        "The kind of a rule stays: write a new one",
    ),
    "UNKNOWN": ("Мындай жазуу жок", "Такой записи нет", "There is no such thing"),
    "NOT_OURS": (
        "Бул биздин суроо эмес же сурам сакталган эмес",
        "Это не наш запрос, или он не сохранён",
        "This is no question of ours, or it was not kept",
    ),
    "STILL_ASKED": (
        "Жооп дагы күтүлүүдө",
        "Ответ ещё ожидается",
        "The answer is still awaited",
    ),
    "ANSWERED": (
        "Жооп алынган",
        "Ответ уже получен",
        "It was answered",
    ),
    "SERVICE_CLOSED": (
        "Бул кызмат конфигурацияда жок же өчүрүлгөн",
        "Этой услуги нет в конфигурации, или она отключена",
        "The service is not configured, or switched off",
    ),
    "BODY_PURGED": (
        "Сурамдын мазмуну өчүрүлгөн: сактоо мөөнөтү өткөн",
        "Содержание запроса удалено: срок хранения истёк",
        "The request's body was purged: its time is over",
    ),
    "NOT_REPLAYABLE": (
        "Сакталган сурам кайра түзүлбөйт",
        "Сохранённый запрос нельзя составить заново",
        "The stored request cannot be made again",
    ),
    "CUT_OFF": (
        "Жөнөтүү үзүлгөн: аткарылган-аткарылбаганын кызматтан билиңиз",
        "Отправка прервана: узнайте у ведомства, выполнено ли это",
        "It was cut off: find out from the agency whether it was done",
    ),
    "NO_WORK": (
        "Бул суроо фондогу жумушка тиешелүү эмес",
        "Запрос не относится к фоновой работе",
        "The question belongs to no work of the background",
    ),
    "SAME_WORK": (
        "Ошол эле жумуш башка сап менен аткарылат",
        "Та же работа выполняется другой строкой",
        "Another line does the same work",
    ),
    "AT_WORK": (
        "Башка кайталоодо иштелип жатат",
        "Уже в другом повторе",
        "Another run has it",
    ),
    "REPLAYED": (
        "Мурда кайталанып, жооп алынган",
        "Уже повторён с ответом",
        "It was asked again and answered",
    ),
    "AGENCY_RESTS": (
        "Мекемеге азыр суроо берилбейт",
        "Ведомство сейчас не опрашивается",
        "The agency is left alone for now",
    ),
}


def operations_reason(code: str) -> Sentences | None:
    """Give the sentence of a reason, None for one of another room."""
    return OPERATIONS_REASONS.get(code)
