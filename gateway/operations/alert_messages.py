"""What an alert says, in three languages and to programs: technical facts only, nothing about any person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.foundation.clock import BISHKEK
from gateway.operations.alert_kinds import RuleKind

Sentences = tuple[str, str, str]
LANGUAGES = ("ky", "ru", "en")

KINDS: Mapping[RuleKind, Sentences] = {
    RuleKind.FAILURE_SHARE: (
        "Ката кеткен алмашуулардын үлүшү, %",
        "Доля неудачных обменов, %",
        "Share of failed exchanges, %",
    ),
    RuleKind.FAILURE_COUNT: (
        "Ката кеткен алмашуулардын саны",
        "Число неудачных обменов",
        "Failed exchanges",
    ),
    RuleKind.RECEIVER_DOWN: (
        "Кабыл алуучу жооп бербейт: жоопсуз алмашуулар",
        "Получатель не отвечает: обменов без ответа",
        "The receiver is down: exchanges without an answer",
    ),
    RuleKind.FEED_GAP: (
        "Агымдагы үзүлүш, мүнөт",
        "Разрыв в потоке, минут",
        "Gap in a feed, minutes",
    ),
    RuleKind.BREAKER_OPEN: (
        "Мекеменин кызматы сурамдан бошотулган, мүнөт",
        "Услуга ведомства не опрашивается, минут",
        "A service is left alone, minutes",
    ),
    RuleKind.DEAD_LETTERS: (
        "Аткарылбай калган жумуштар",
        "Работы, которые не удалось выполнить",
        "Dead letters",
    ),
    RuleKind.QUEUE_AGE: (
        "Эң эски күтүп турган жумуш, мүнөт",
        "Самая старая ожидающая работа, минут",
        "Oldest waiting job, minutes",
    ),
    RuleKind.CERTIFICATE_DAYS: (
        "Сертификаттын калган күндөрү",
        "Сертификату осталось дней",
        "Days left of a certificate",
    ),
    RuleKind.CHAIN_BROKEN: (
        "Журналдын чынжыры үзүлгөн: катар саны",
        "Цепочка журнала нарушена: номер записи",
        "A chain of records is broken: number",
    ),
    RuleKind.JOURNAL_UNSEALED: (
        "Журналдын саптары мөөрсүз күтүүдө, мүнөт",
        "Записи журнала ждут печати, минут",
        "Rows of the journal wait for their seal, minutes",
    ),
}
EVENTS: Mapping[str, Sentences] = {
    "OPENED": ("Башталды", "Началось", "Opened"),
    "CLOSED": ("Бүттү", "Закончилось", "Closed"),
    "TEST": ("Сынак", "Проверка", "Test"),
}
_LABELS: Mapping[str, Sentences] = {
    "rule": ("Эреже", "Правило", "Rule"),
    "subject": ("Эмне жөнүндө", "О чём", "About"),
    "value": ("Маани", "Значение", "Value"),
    "opened_at": ("Башталган убактысы", "Начало", "Since"),
    "closed_at": ("Бүткөн убактысы", "Конец", "Until"),
    "console": ("Консоль", "Консоль", "Console"),
}
_TRIAL: Sentences = (
    "Бул эскертүүлөрдү жеткирүүнүн сынагы.",
    "Это проверка доставки оповещений.",
    "This is a trial of the delivery of alerts.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be told."""

    delivery_id: UUID
    event: str
    rule: str
    kind: RuleKind
    subject: str = ""
    value: float | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    console: str = ""


def say(sentences: Sentences, language: str) -> str:
    """Pick a language."""
    return sentences[LANGUAGES.index(language)]


def subject_line(news: News, language: str) -> str:
    """Write the subject of a message."""
    about = f": {news.subject}" if news.subject else ""
    return f"[Köpürö] {say(EVENTS[news.event], language)} · {news.rule}{about}"


def body_text(news: News, language: str) -> str:
    """Write a message's text."""
    lines = [say(KINDS[news.kind], language)] if news.event != "TEST" else [say(_TRIAL, language)]
    told: dict[str, str] = {"rule": news.rule, "subject": news.subject}
    if news.value is not None:
        told["value"] = f"{news.value:g}"
    for name in ("opened_at", "closed_at"):
        at: datetime | None = getattr(news, name)
        told[name] = f"{at.astimezone(BISHKEK):%Y-%m-%d %H:%M:%S} (Asia/Bishkek)" if at else ""
    told["console"] = news.console
    lines += [f"{say(_LABELS[name], language)}: {value}" for name, value in told.items() if value]
    return "\n".join(lines) + "\n"


def payload(news: News) -> dict[str, Any]:
    """Write the same for a program."""
    return {
        "delivery": str(news.delivery_id),
        "event": news.event,
        "rule": news.rule,
        "kind": news.kind,
        "subject": news.subject,
        "value": news.value,
        "opened_at": news.opened_at.isoformat() if news.opened_at else None,
        "closed_at": news.closed_at.isoformat() if news.closed_at else None,
        "console": news.console,
    }
