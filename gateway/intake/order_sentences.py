"""Why an order or a step of a transfer is not taken: one sentence in ky, ru and en for each reason."""

from collections.abc import Mapping

from gateway.access.sentences import Sentences

_CANNOT_FOLLOW: Sentences = (
    "Азыркы абалда мындай буйрук берилбейт",
    "В нынешнем состоянии такой приказ невозможен",
    "The order cannot follow the present state",
)

ORDER_REASONS: Mapping[str, Sentences] = {
    "NOT_ENROLLED_YET": (
        "Бул күнү бала али кабыл алына элек",
        "На эту дату ребёнок ещё не зачислен",
        "On this day the child is not enrolled yet",
    ),
    "ENROLMENT_ENDED": (
        "Окуу бүткөн: мындан кийин буйрук берилбейт",
        "Обучение здесь завершено: приказов после этого нет",
        "The enrolment has ended: no order follows",
    ),
    "CANCELLED_ALREADY": (
        "Бул буйрук мурда жокко чыгарылган",
        "Этот приказ уже отменён",
        "This order was taken back already",
    ),
    "A_COUNTER_ORDER_IS_FINAL": (
        "Жокко чыгаруу буйругу өзү жокко чыгарылбайт",
        "Отменяющий приказ сам не отменяется",
        "A counter-order is not taken back itself",
    ),
    "NOT_TRANSFERABLE": (
        "Которуу мүмкүн эмес: окуу бүткөн же мектеп ошол эле",
        "Перевод невозможен: обучение завершено или школа та же",
        "No transfer: the enrolment has ended, or it is the same school",
    ),
    "NO_FREE_PLACE": ("Бош орун жок", "Свободных мест нет", "There is no free place"),
    "HOLD_LAPSED": (
        "Орунду кармоо мөөнөтү өткөн",
        "Срок удержания места истёк",
        "The held place has lapsed",
    ),
    "NOT_IN_BOOK": (
        "Маани маалымдамада жок",
        "Такого значения нет в справочнике",
        "The reference book has no such value",
    ),
    "NOT_A_CURSOR": ("Курсор жараксыз", "Курсор недействителен", "Not a cursor"),
    "RANGE": ("Маани чектен тышкары", "Значение вне допустимых пределов", "The value is out of range"),
    "CLASS_UNKNOWN": ("Мындай класс жок", "Такого класса нет", "There is no such class"),
    "PERSON_UNKNOWN": (
        "Реестрде мындай адам жок",
        "Такого человека в реестре нет",
        "The registry has no such person",
    ),
    "TIME": (
        "Убакыт алкагы менен жазылышы керек",
        "Время нужно указать с часовым поясом",
        "An instant needs its time zone",
    ),
}


def order_reason(code: str) -> Sentences | None:
    """Give the sentences of a reason; None where it is not one of an order."""
    return ORDER_REASONS.get(code) or (_CANNOT_FOLLOW if "_FROM_" in code else None)
