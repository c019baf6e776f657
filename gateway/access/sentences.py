"""What an AccessError is to a person who reads: its HTTP status and one sentence in ky, ru and en."""

from collections.abc import Mapping

Sentences = tuple[str, str, str]

_FORBIDDEN: Sentences = ("Бул иш үчүн укугуңуз жок", "На это у вас нет права", "You have no right to this")
_IDENTITY: Sentences = (
    "Мамлекеттик идентификация бул жерде кабыл алынган жок",
    "Государственная идентификация здесь не принята",
    "The state identity was not accepted here",
)

REFUSALS: Mapping[str, tuple[int, Sentences]] = {
    "SIGN_IN_REQUIRED": (401, ("Алгач кириңиз", "Сначала войдите", "Sign in first")),
    "CREDENTIALS": (
        401,
        (
            "Логин, сырсөз же код туура эмес",
            "Неверный логин, пароль или код",
            "The login, password or code is wrong",
        ),
    ),
    "IDENTITY_REFUSED": (401, _IDENTITY),
    "FORBIDDEN": (403, _FORBIDDEN),
    "NO_POLICY": (403, _FORBIDDEN),
    "OWN_ACCOUNT": (
        403,
        (
            "Өз аккаунтуңузду өзүңүз башкара албайсыз",
            "Своей учётной записью не управляют сами",
            "Nobody manages the own account",
        ),
    ),
    "APPOINTMENT_FORBIDDEN": (
        403,
        (
            "Бул ролду бул жерде сиз бере албайсыз",
            "Эту роль в этом месте назначаете не вы",
            "This role at this place is not yours to grant",
        ),
    ),
    "CASE_BEYOND_REACH": (
        403,
        (
            "Иштеги башка жазуу сиздин чөйрөңүздө эмес: район же министрлик чечет",
            "Другая запись этого дела вне вашего доступа: решает район или министерство",
            "The case's other entry is beyond your reach: the district or the ministry decides",
        ),
    ),
    "UNDERTAKING_REQUIRED": (
        403,
        (
            "Маалыматты ачыкка чыгарбоо жөнүндө милдеттенме талап кылынат",
            "Требуется Обязательство о неразглашении",
            "An undertaking not to disclose is required",
        ),
    ),
    "BRIEFING_REQUIRED": (
        409,
        (
            "Милдеттенмеге чейин нускама талап кылынат",
            "До Обязательства нужен инструктаж",
            "A briefing must come before the undertaking",
        ),
    ),
    "SECOND_FACTOR_REQUIRED": (
        403,
        ("Экинчи фактор талап кылынат", "Требуется второй фактор", "A second factor is required"),
    ),
    "SECOND_FACTOR_SET": (
        409,
        ("Экинчи фактор коюлган", "Второй фактор уже установлен", "A second factor is set already"),
    ),
    "PENDING_IDENTIFICATION": (
        403,
        (
            "Ким экениңиз ырасталганга чейин кирүү жабык",
            "Доступ откроется после идентификации личности",
            "The account opens when you have been identified",
        ),
    ),
    "BLOCKED": (403, ("Аккаунт бөгөттөлгөн", "Учётная запись заблокирована", "The account is blocked")),
    "NO_APPOINTMENT": (
        403,
        ("Күчүндөгү дайындоо жок", "Нет действующего назначения", "There is no appointment in force"),
    ),
    "CSRF": (
        403,
        (
            "Сурам бул сайттын барагынан келген жок",
            "Запрос пришёл не со страницы этого сайта",
            "The request did not come from a page of this site",
        ),
    ),
    "ORIGIN": (
        403,
        ("Башка сайттын сурамы", "Запрос с чужого сайта", "The request comes from another site"),
    ),
    "NOT_FOUND_OR_NOT_ALLOWED": (404, ("Табылган жок", "Не найдено", "Not found")),
    "ACCOUNT_EXISTS": (
        409,
        (
            "Бул адамдын же логиндин аккаунту бар",
            "У этого человека или логина уже есть учётная запись",
            "This person or login has an account already",
        ),
    ),
    "NOT_BLOCKED": (
        409,
        ("Аккаунт бөгөттөлгөн эмес", "Учётная запись не заблокирована", "The account is not blocked"),
    ),
    "HEAD_IN_OFFICE": (
        409,
        (
            "Уюмдун жетекчиси бар: алгач анын дайындоосун токтотуңуз",
            "У организации есть руководитель: сначала завершите его назначение",
            "The organisation has a head: end that appointment first",
        ),
    ),
    "DUTIES_APART": (
        409,
        ("Бул ролдорду бир адам аткарбайт", "Эти роли не совмещают", "These duties are kept apart"),
    ),
    "ORDER_REQUIRED": (
        422,
        (
            "Буйруктун номери жана күнү керек",
            "Нужны номер и дата приказа",
            "The order's number and date are required",
        ),
    ),
    "RELATION_UNPROVED": (
        422,
        ("Байланыш далилденген жок", "Связь не подтверждена", "The relation is not proved"),
    ),
    "TOO_MANY_ATTEMPTS": (
        429,
        (
            "Аракет өтө көп: күтө туруңуз",
            "Слишком много попыток: подождите",
            "Too many attempts: wait a little",
        ),
    ),
    "OIDC_NOT_OFFERED": (404, ("Табылган жок", "Не найдено", "Not found")),
    "PROVIDER_DOWN": (
        503,
        (
            "Мамлекеттик идентификация азыр жооп бербейт",
            "Государственная идентификация сейчас не отвечает",
            "The state identity provider does not answer now",
        ),
    ),
}

FIELDS: Mapping[str, Sentences] = {
    "PASSWORD_LENGTH": (
        "Сырсөз өтө кыска же өтө узун",
        "Пароль слишком короткий или слишком длинный",
        "The password is too short or too long",
    ),
    "PASSWORD_IS_LOGIN": (
        "Сырсөздө логин болбошу керек",
        "Пароль не должен содержать логин",
        "The password must not contain the login",
    ),
    "EVIDENCE": (
        "Далил бул адамды ырастабайт",
        "Подтверждение не относится к этому человеку",
        "The evidence does not prove this person",
    ),
}
