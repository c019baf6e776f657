"""The conformance desk's page: one form, one table, no script; everything that came from outside is text."""

import html
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.xroad.fault_catalogue import LANGUAGES, Language

PATH = "/conformance"
STYLE_PATH = f"{PATH}/style.css"
STYLE = """
:root { color-scheme: light dark; --line: #8886; --bad: #b3261e; --warn: #8a5a00; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --warn: #ffcc66; --good: #7fd6a0; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.4rem; margin: .5rem 0; }
nav a { margin-left: .75rem; } nav a[aria-current] { font-weight: 700; text-decoration: none; }
form { display: grid; gap: .5rem; }
textarea { font: 13px/1.4 ui-monospace, monospace; width: 100%; box-sizing: border-box; min-height: 16rem; }
input, select, button { font: inherit; padding: .35rem .5rem; } button { justify-self: start; }
.row { display: grid; gap: .5rem 1rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); }
label { display: grid; gap: .2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding: .5rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; unicode-bidi: isolate; }
tr[data-outcome=failed] .outcome { color: var(--bad); font-weight: 700; }
tr[data-outcome=warned] .outcome { color: var(--warn); font-weight: 700; }
tr[data-outcome=passed] .outcome { color: var(--good); }
tr[data-outcome=not_reached] { opacity: .65; }
.fix, .note { font-size: .92em; }
"""

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ky": {
        "title": "Шайкештик үстөлү",
        "intro": "X-Road билдирүүсүн коюңуз: ар бир эреже өзүнчө текшерилет. Билдирүү сакталбайт жана журналга "
        "жазылбайт. Бул кумдук: чыныгы адамдардын маалыматын киргизбеңиз.",
        "message": "Билдирүү (XML)",
        "content_type": "Content-Type",
        "soap_action": "SOAPAction (жок болсо, бош калтырыңыз)",
        "side": "Билдирүүнүн түрү",
        "request": "суроо-талап",
        "response": "жооп",
        "submit": "Текшерүү",
        "language": "Тил",
        "report": "Отчёт",
        "accept": "Коопсуздук сервери бул билдирүүнү кабыл алат.",
        "reject": "Коопсуздук сервери бул билдирүүнү четке кагат:",
        "fault": "Бул кызмат көрсөтүүчүнүн катасы (soap:Fault):",
        "conforms": "Бузулган эреже жок.",
        "breaks": "Бузулган эрежелер бар.",
        "rule": "Эреже",
        "clause": "Негизи",
        "outcome": "Жыйынтык",
        "where": "Орду",
        "fix": "Эмне кылуу керек",
        "passed": "✓ сакталган",
        "failed": "✗ бузулган",
        "warned": "! эскертүү",
        "not_reached": "– текшерилген жок",
    },
    "ru": {
        "title": "Стол проверки соответствия",
        "intro": "Вставьте сообщение X-Road: каждое правило проверяется отдельно. Сообщение не сохраняется и не "
        "попадает в журнал. Это песочница: не вставляйте данные настоящих людей.",
        "message": "Сообщение (XML)",
        "content_type": "Content-Type",
        "soap_action": "SOAPAction (оставьте пустым, если его нет)",
        "side": "Вид сообщения",
        "request": "запрос",
        "response": "ответ",
        "submit": "Проверить",
        "language": "Язык",
        "report": "Отчёт",
        "accept": "Сервер безопасности примет это сообщение.",
        "reject": "Сервер безопасности отклонит это сообщение:",
        "fault": "Это ошибка поставщика (soap:Fault):",
        "conforms": "Нарушенных правил нет.",
        "breaks": "Есть нарушенные правила.",
        "rule": "Правило",
        "clause": "Основание",
        "outcome": "Итог",
        "where": "Место",
        "fix": "Что сделать",
        "passed": "✓ соблюдено",
        "failed": "✗ нарушено",
        "warned": "! замечание",
        "not_reached": "– не проверялось",
    },
    "en": {
        "title": "Conformance desk",
        "intro": "Paste an X-Road message: every rule is judged on its own. The message is not stored and not "
        "logged. This is a sandbox: do not paste data of real people.",
        "message": "Message (XML)",
        "content_type": "Content-Type",
        "soap_action": "SOAPAction (leave empty if there is none)",
        "side": "Kind of message",
        "request": "request",
        "response": "response",
        "submit": "Examine",
        "language": "Language",
        "report": "Report",
        "accept": "A security server would accept this message.",
        "reject": "A security server would refuse this message:",
        "fault": "This is a provider's fault (soap:Fault):",
        "conforms": "No rule is broken.",
        "breaks": "There are broken rules.",
        "rule": "Rule",
        "clause": "Clause",
        "outcome": "Outcome",
        "where": "Where",
        "fix": "What to do",
        "passed": "✓ kept",
        "failed": "✗ broken",
        "warned": "! notice",
        "not_reached": "– not judged",
    },
}
_CURRENT = ' aria-current="true"'
_NAMES: Mapping[Language, str] = {"ky": "Кыргызча", "ru": "Русский", "en": "English"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What stands in the form: shown again, so that it can be mended and sent once more."""

    message: str = field(default="", repr=False)
    content_type: str = "text/xml; charset=utf-8"
    soap_action: str = ""
    side: str = "request"


def write_page(language: Language, asked: Asked, report: Mapping[str, Any] | None = None) -> str:
    """Write the whole page; `report` is the report as JSON in the same language."""
    words = _WORDS[language]
    written = _report(report, words) if report is not None else ""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(words['title'])} – Köpürö</title>"
        f'<link rel="stylesheet" href="{STYLE_PATH}"></head><body>'
        f"<header><h1>{text(words['title'])}</h1>{_languages(language, words)}</header>"
        f"<main><p>{text(words['intro'])}</p>{_form(language, asked, words)}{written}</main></body></html>\n"
    )


def text(value: str) -> str:
    """Write a value as HTML text: markup escaped, and characters that nobody sees shown by their number."""
    return html.escape("".join(map(_visible, value)), quote=True)


def _visible(character: str) -> str:
    """Show control, format (among them those that turn the direction of text) and unassigned characters."""
    if unicodedata.category(character) in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}:
        return f"[U+{ord(character):04X}]"
    return character


def _editable(value: str) -> str:
    """Write a message into the text area: as it is, but for controls that HTML cannot hold."""
    kept = "".join(
        "\ufffd" if unicodedata.category(one) in {"Cc", "Cs"} and one not in "\t\r\n" else one
        for one in value
    )
    return html.escape(kept, quote=True)


def _languages(language: Language, words: Mapping[str, str]) -> str:
    links = "".join(
        f'<a href="{PATH}?lang={each}" lang="{each}" hreflang="{each}"'
        f"{_CURRENT if each == language else ''}>{_NAMES[each]}</a>"
        for each in LANGUAGES
    )
    return f'<nav aria-label="{text(words["language"])}">{links}</nav>'


def _form(language: Language, asked: Asked, words: Mapping[str, str]) -> str:
    options = "".join(
        f'<option value="{side}"{" selected" if side == asked.side else ""}>{text(words[side])}</option>'
        for side in ("request", "response")
    )
    # the line feed behind <textarea> is dropped by browsers, a message's own first one is not
    return (
        f'<form method="post" action="{PATH}?lang={language}" accept-charset="utf-8">'
        f'<label>{text(words["message"])}<textarea name="message" rows="16" dir="ltr" spellcheck="false" '
        f'autocomplete="off" required>\n{_editable(asked.message)}</textarea></label><div class="row">'
        f"{_input('content_type', asked.content_type, words)}{_input('soap_action', asked.soap_action, words)}"
        f'<label>{text(words["side"])}<select name="side">{options}</select></label></div>'
        f"<button>{text(words['submit'])}</button></form>"
    )


def _input(name: str, value: str, words: Mapping[str, str]) -> str:
    return f'<label>{text(words[name])}<input name="{name}" value="{text(value)}" dir="ltr"></label>'


def _report(report: Mapping[str, Any], words: Mapping[str, str]) -> str:
    verdict = report["verdict"]
    code = f" <code>{text(verdict['code'])}</code>" if verdict["code"] else ""
    explanation = f'<p class="note">{text(report["explanation"])}</p>' if report["explanation"] else ""
    heads = "".join(
        f'<th scope="col">{text(words[name])}</th>' for name in ("outcome", "rule", "clause", "where", "fix")
    )
    rows = "".join(_row(rule, words) for rule in report["rules"])
    return (
        f'<section aria-labelledby="report"><h2 id="report">{text(words["report"])}</h2>'
        f'<p id="verdict" data-outcome="{text(verdict["outcome"])}">{text(words[verdict["outcome"]])}{code}</p>'
        f"{explanation}<div class=scroll><table><caption>"
        f"{text(words['conforms' if report['conforms'] else 'breaks'])}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(rule: Mapping[str, str], words: Mapping[str, str]) -> str:
    code = f"<br><code>{text(rule['code'])}</code>" if rule["code"] else ""
    detail = f'<br><span class="note" lang="en">{text(rule["detail"])}</span>' if rule["detail"] else ""
    return (
        f'<tr data-rule="{text(rule["id"])}" data-outcome="{text(rule["outcome"])}">'
        f'<td class="outcome">{text(words[rule["outcome"]])}{code}</td><th scope="row">{text(rule["title"])}</th>'
        f'<td>{text(rule["clause"])}</td><td class="where">{text(rule["where"])}{detail}</td>'
        f'<td class="fix">{text(rule["fix"])}</td></tr>'
    )
