"""The form of the undertaking (Приложение 1.1): a draft with places to fill in, until the ministry gives the text."""

_FORMS = {
    "ky": (
        "ДОЛБООР. 1.1-тиркеме. Маалыматты ачыкка чыгарбоо жөнүндө милдеттенме\n\n"
        "Мен, {{аты-жөнү}}, {{уюм}} уюмунун {{кызматы}}, {{нускама күнү}} күнү нускамадан өттүм.\n"
        "{{милдеттенменин тексти: министрлик бекитет}}\n\nКүнү: {{күнү}}    Колу: ____________"
    ),
    "ru": (
        "ПРОЕКТ. Приложение 1.1. Обязательство о неразглашении\n\n"
        "Я, {{ФИО}}, {{должность}} организации {{организация}}, прошёл(а) инструктаж {{дата инструктажа}}.\n"
        "{{текст обязательства: утверждает министерство}}\n\nДата: {{дата}}    Подпись: ____________"
    ),
    "en": (
        "DRAFT. Appendix 1.1. Undertaking not to disclose\n\n"
        "I, {{full name}}, {{position}} of {{organisation}}, was instructed on {{day of the briefing}}.\n"
        "{{text of the undertaking: approved by the ministry}}\n\nDate: {{date}}    Signature: ____________"
    ),
}


def undertaking_form(language: str) -> str:
    """Give the form in ky, ru or en."""
    return _FORMS[language]
