"""Every page answers, in three languages, with nothing left unsaid."""

from tests.portal.conftest import Office


def paths_of(office: Office) -> list[str]:
    """Every page a responsible specialist may open."""
    number = office.world.numbers["a-pupil"]
    return [
        "/portal",
        "/portal/learners/new",
        "/portal/learners/new?way=document",
        "/portal/learners/new?way=names",
        "/portal/learners",
        f"/portal/learners/{number}",
        f"/portal/learners/{number}?as_of=2026-01-01",
        f"/portal/learners/{number}/orders?kind=ENROL",
        "/portal/transfers",
        "/portal/cases",
        f"/portal/cases/{office.world.cases['own']}",
        "/portal/organisations/A-SCHOOL",
        "/portal/organisations/A-SCHOOL/classes",
        "/portal/organisations/A-SCHOOL/add/class",
        "/portal/organisations/A-SCHOOL/add/licence",
        "/portal/organisations/A-SCHOOL/staff",
        "/portal/organisations/A-SCHOOL/staff/new",
        "/portal/organisations/A-SCHOOL/leaves",
        "/portal/organisations/A-SCHOOL/lateness",
        f"/portal/learners/{number}/exams",
        "/portal/imports",
        "/portal/accounts",
        "/portal/accounts/new",
        f"/portal/accounts/{office.world.accounts['teacher']}",
        "/portal/me",
        "/portal/undertaking",
    ]


async def test_every_page_of_a_responsible_specialist_answers(office: Office) -> None:
    """Each page is whole in each language: it has its language and a heading."""
    for language in ("ky", "ru", "en"):
        clerk = await office.clerk("responsible", language)
        for path in paths_of(office):
            answer = await clerk.get(path)
            assert answer.status == 200, (path, answer.status)
            assert answer.tree.get("lang") == language
            assert answer.words("//h1"), path
