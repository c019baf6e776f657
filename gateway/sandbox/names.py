"""Names for synthetic people: given names, and how surnames and patronymics are made of them."""

KYRGYZ_MEN = (
    "Азамат", "Айбек", "Алмаз", "Асан", "Бакыт", "Бектур", "Данияр", "Жаңыбек", "Жоомарт", "Ислам", "Кубаныч",
    "Мирлан", "Нурлан", "Өмүрбек", "Сыймык", "Талант", "Төлөгөн", "Түмөнбай", "Урмат", "Үсөн", "Чыңгыз",
    "Эмил", "Эржан",
)  # fmt: skip
KYRGYZ_WOMEN = (
    "Айгүл", "Айжаркын", "Айпери", "Бегимай", "Бермет", "Гүлнур", "Динара", "Жаңыл", "Жибек", "Каныкей",
    "Күмүш", "Мээрим", "Нургүл", "Нуриза", "Перизат", "Сезим", "Төрөбүбү", "Үмүт", "Чолпон", "Элнура",
)  # fmt: skip
RUSSIAN_MEN = {
    "Алексей": "Алексеев", "Андрей": "Андреев", "Артём": "Артёмов", "Дмитрий": "Дмитриев", "Иван": "Иванов",
    "Игорь": "Игорев", "Максим": "Максимов", "Михаил": "Михайлов", "Николай": "Николаев", "Олег": "Олегов",
    "Павел": "Павлов", "Сергей": "Сергеев",
}  # fmt: skip
RUSSIAN_WOMEN = (
    "Анна", "Вера", "Дарья", "Екатерина", "Ирина", "Мария", "Наталья", "Ольга", "Полина", "София", "Юлия",
)  # fmt: skip
RUSSIAN_SURNAMES = (
    "Волков", "Зайцев", "Иванов", "Ковалёв", "Кузнецов", "Лебедев", "Морозов", "Новиков", "Попов", "Соколов",
)  # fmt: skip


def given_names(*, russian: bool, sex: str) -> tuple[str, ...]:
    """Give the names for a sex ("F" or "M")."""
    if russian:
        return RUSSIAN_WOMEN if sex == "F" else tuple(RUSSIAN_MEN)
    return KYRGYZ_WOMEN if sex == "F" else KYRGYZ_MEN


def family_stem(name: str) -> str:
    """Make the -ов/-ев form of a man's name, from which surnames and patronymics grow."""
    if name in RUSSIAN_MEN:
        return RUSSIAN_MEN[name]
    return name[:-1] + "ев" if name.endswith(("й", "ь")) else name + "ов"


def surname_of(stem: str, sex: str) -> str:
    """Inflect an -ов/-ев surname by sex."""
    return stem + "а" if sex == "F" else stem


def patronymic_of(father: str, sex: str) -> str:
    """Make the -ович/-овна form of the father's name."""
    return family_stem(father) + ("на" if sex == "F" else "ич")


def kyrgyz_surname(father: str, sex: str) -> str:
    """Make the surname that says whose child one is: `Асан уулу`, `Асан кызы`; no patronymic goes with it."""
    return f"{father} {'кызы' if sex == 'F' else 'уулу'}"
