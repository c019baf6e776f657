"""Templates: what we hand out is what we take in, and a file says which version it was made from."""

import io

import openpyxl
import pytest

from gateway.foundation.tables import FileFormat
from gateway.intake.imports import templates
from gateway.intake.imports.layout import find_layout
from gateway.intake.imports.preparing import examine, prepare
from gateway.intake.imports.refusals import ImportRefused
from gateway.intake.imports.template_files import write_template
from gateway.intake.imports.templates import CURRENT, LEARNER_COLUMNS, Template

FILLED = {
    "record_id": "r1", "surname": "Асанова", "given_name": "Айгүл", "sex": "ж", "pin": "11509201500123",
    "birth_date": "15.09.2015", "organisation_code": "12345678", "form": "очная", "start_on": "01.09.2022",
}  # fmt: skip
MARK = Template().mark


@pytest.mark.parametrize("language", ["ky", "ru", "en"])
@pytest.mark.parametrize("file_format", list(FileFormat))
def test_a_filled_template_is_taken_in(file_format: FileFormat, language: str) -> None:
    """Each template, in each language and form, names every column and is imported when it is filled in."""
    made = write_template(Template(), file_format=file_format, language=language)
    assert made.file_name.endswith(f"{language}.{file_format}")
    line = [FILLED.get(name, "") for name in LEARNER_COLUMNS]
    if file_format is FileFormat.CSV:
        content = made.content + (";".join(line) + "\r\n").encode()
    else:
        workbook = openpyxl.load_workbook(io.BytesIO(made.content))
        workbook.worksheets[0].append(line)
        assert workbook.worksheets[0].column_dimensions["F"].number_format == "@"
        assert len(workbook.worksheets) == 2
        out = io.BytesIO()
        workbook.save(out)
        content = out.getvalue()
    layout = find_layout(content)
    assert layout.columns == LEARNER_COLUMNS
    assert layout.template == str(CURRENT)
    (row,) = prepare(content)
    application, problems = examine(row)
    assert problems == ()
    assert application is not None
    assert application.surname == "Асанова"


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ("kopuro:learners:0", "TEMPLATE_OLD"),
        (f"kopuro:learners:{CURRENT + 1}", "TEMPLATE_NEWER"),
        ("kopuro:staff:1", "TEMPLATE_UNKNOWN"),
    ],
)
def test_another_template_is_refused_by_name(mark: str, code: str) -> None:
    """An out-of-date, a future or a foreign template is refused with what to do, and names its version."""
    content = write_template(Template(), file_format=FileFormat.CSV).content.replace(
        MARK.encode(), mark.encode()
    )
    with pytest.raises(ImportRefused) as caught:
        find_layout(content)
    assert caught.value.code == code
    assert mark.split(":")[1 if "staff" in mark else 2] in str(caught.value)


def test_a_file_of_ones_own_states_no_version() -> None:
    """A list that was not made from a template is taken in as it is."""
    content = write_template(Template(), file_format=FileFormat.CSV).content.replace(MARK.encode(), b"")
    assert find_layout(content).template == ""
    assert templates.stated_version(["kopuro:learners:one"]) == ""
