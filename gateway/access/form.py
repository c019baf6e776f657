"""The forms of undertaking and consent (Приложения 1.1, 1.2): drafts to fill in, until the ministry gives the text."""

CONSENT_VERSION = "1.2-draft-1"
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


_CONSENTS = {
    "ky": (
        "ДОЛБООР. 1.2-тиркеме. Жеке маалыматты иштетүүгө макулдук\n\n"
        "Мен, {{аты-жөнү}}, {{ким үчүн: өзүм же балам, аты-жөнү}}, {{уюм}} уюмуна макулдугумду берем.\n"
        "{{макулдуктун тексти: министрлик бекитет}}\n\nКүнү: {{күнү}}    Колу: ____________"
    ),
    "ru": (
        "ПРОЕКТ. Приложение 1.2. Согласие на обработку персональных данных\n\n"
        "Я, {{ФИО}}, {{за кого: за себя или за ребёнка, ФИО}}, даю согласие организации {{организация}}.\n"
        "{{текст согласия: утверждает министерство}}\n\nДата: {{дата}}    Подпись: ____________"
    ),
    "en": (
        "DRAFT. Appendix 1.2. Consent to the processing of personal data\n\n"
        "I, {{full name}}, {{for whom: myself or my child, full name}}, consent towards {{organisation}}.\n"
        "{{text of the consent: approved by the ministry}}\n\nDate: {{date}}    Signature: ____________"
    ),
}


def consent_form(language: str) -> str:
    """Give the form of the consent in ky, ru or en."""
    return _CONSENTS[language]
