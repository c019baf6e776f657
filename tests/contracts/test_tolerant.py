"""The tolerant reader: what was written is read, under any prefix, qualification, nil and order."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.xroad.scalars import Attachment, Kind
from gateway.xroad.tolerant import Allowed, Choice, Field, read

XSI = "http://www.w3.org/2001/XMLSchema-instance"
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=12)
VALUES = {
    Kind.TEXT: TEXT,
    Kind.INTEGER: st.integers(-(10**20), 10**20),
    Kind.DECIMAL: st.decimals(-(10**6), 10**6, places=2),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.dates(date(1900, 1, 1)),
    Kind.DATETIME: st.datetimes(),
    Kind.TIME: st.times(),
    Kind.BYTES: st.binary(min_size=1, max_size=8),
    Kind.ATTACHMENT: st.builds(Attachment, href=st.from_regex(r"cid:[a-z0-9]{1,5}", fullmatch=True)),
}
NAMES = st.from_regex(r"[A-Za-zА-я_][A-Za-zА-я0-9_]{0,6}", fullmatch=True)


def leaves() -> st.SearchStrategy[Field]:
    return st.builds(
        Field,
        name=NAMES,
        kind=st.sampled_from(list(VALUES)),
        namespace=st.sampled_from(["", "urn:a", "urn:b"]),
        required=st.booleans(),
        many=st.booleans(),
        nillable=st.booleans(),
    )


def groups(inner: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    several = st.lists(inner, min_size=1, max_size=4, unique_by=lambda one: one.name)
    attributes = st.lists(
        st.builds(Field, name=NAMES, kind=st.sampled_from([Kind.TEXT, Kind.INTEGER]), required=st.booleans()),
        max_size=2,
        unique_by=lambda one: one.name,
    )
    return st.builds(
        lambda one, content, given, chosen: replace(
            one,
            kind=Kind.GROUP,
            content=(Choice(branches=tuple((each,) for each in content)),) if chosen else tuple(content),
            attributes=tuple(given),
        ),
        leaves(),
        several,
        attributes,
        st.booleans(),
    )


FIELDS = st.recursive(groups(leaves()), groups, max_leaves=8)


@st.composite
def values(draw: Any, one: Field) -> Any:
    """Draw a value that fits a field."""
    if one.many:
        return [draw(single(one)) for _ in range(draw(st.integers(1 if one.required else 0, 3)))]
    return draw(single(one))


@st.composite
def single(draw: Any, one: Field) -> Any:
    if one.nillable and draw(st.booleans()):
        return None
    if one.kind != Kind.GROUP:
        return draw(VALUES[one.kind])
    told = {f"@{each.name}": draw(VALUES[each.kind]) for each in one.attributes if each.required}
    for part in one.content:
        if isinstance(part, Choice):
            taken = draw(st.sampled_from(part.branches))[0]
            told |= {each.name: [] for (each,) in part.branches if each.many}
            told[taken.name] = draw(values(taken))
        elif part.many or part.required or draw(st.booleans()):
            told[part.name] = draw(values(part))
    return told


@st.composite
def written(draw: Any, one: Field) -> tuple[Any, etree._Element]:
    value = draw(single(replace(one, nillable=False)))
    qualified = draw(st.sampled_from(["as described", "never", "other"]))
    root = etree.Element("root")
    write(draw, root, one, value, qualified)
    return value, etree.fromstring(etree.tostring(root[0], encoding="utf-8"))


def write(draw: Any, parent: etree._Element, one: Field, value: Any, qualified: str) -> None:
    namespace = {"as described": one.namespace, "never": "", "other": "urn:elsewhere"}[qualified]
    prefix = draw(st.sampled_from([None, "a", "SOAP-ENV", "ns1", "xsi_"]))
    tag = f"{{{namespace}}}{one.name}" if namespace else one.name
    element = etree.SubElement(parent, tag, nsmap={prefix: namespace} if namespace else None)
    if draw(st.booleans()):
        element.append(etree.Comment("between"))
    if value is None:
        element.set(f"{{{XSI}}}nil", draw(st.sampled_from(["true", "1"])))
    elif one.kind == Kind.GROUP:
        write_group(draw, element, one, value, qualified)
    else:
        before = len(element)
        if before:
            element[-1].tail = spelled(draw, value)
        else:
            element.text = spelled(draw, value)


def write_group(draw: Any, element: etree._Element, one: Field, value: Any, qualified: str) -> None:
    for attribute in one.attributes:
        if f"@{attribute.name}" in value:
            element.set(attribute.name, spelled(draw, value[f"@{attribute.name}"]))
    described = {
        each.name: each
        for part in one.content
        for each in ([branch[0] for branch in part.branches] if isinstance(part, Choice) else [part])
    }
    for name in draw(st.permutations([name for name in value if name in described])):
        told = value[name] if described[name].many else [value[name]]
        for each in told:
            write(draw, element, described[name], each, qualified)


def spelled(draw: Any, value: Any) -> str:
    import base64

    if isinstance(value, bool):
        return draw(st.sampled_from(["true", "1", "True"] if value else ["false", "0", "FALSE"]))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Attachment):
        return value.href
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.data())
def test_what_was_written_is_read(data: Any) -> None:
    """read(write(x)) = x under any prefix, order, qualification, comments and either spelling of nil."""
    one = data.draw(FIELDS)
    value, element = data.draw(written(one))
    reading = read(element, one)
    assert reading.value == value
    noted = {each.reason for each in reading.misfits}
    assert noted <= {"unqualified", "other_namespace", "no_alternative"}
    if (
        "no_alternative" in noted
    ):  # an empty list was the chosen alternative: nothing of it stands in the message
        assert has_empty_choice(one)


def has_empty_choice(one: Field) -> bool:
    return any(
        isinstance(part, Choice) and any(branch[0].many for branch in part.branches) for part in one.content
    ) or any(
        has_empty_choice(each)
        for part in one.content
        for each in ([branch[0] for branch in part.branches] if isinstance(part, Choice) else [part])
    )


PERSON = Field(
    name="person",
    kind=Kind.GROUP,
    content=(
        Field(name="pin"),
        Field(name="born", kind=Kind.DATE, required=False, nillable=True),
        Field(name="patronymic", nillable=True),
        Field(name="child", required=False, many=True),
        Field(name="sum", kind=Kind.DECIMAL, required=False),
        Field(name="sex", required=False, allowed=(Allowed(value="M"), Allowed(value="F"))),
    ),
)


@pytest.mark.parametrize(
    ("xml", "value", "misfits"),
    [
        ("<pin>1</pin><patronymic/>", {"pin": "1", "patronymic": "", "child": []}, []),
        ("<pin>1</pin><patronymic i:nil='1'/>", {"pin": "1", "patronymic": None, "child": []}, []),
        ("<pin>1</pin>", {"pin": "1", "child": []}, [("missing", "person/patronymic")]),
        ("<pin i:nil='true'/><patronymic/>", {"pin": None, "patronymic": "", "child": []}, [("nil_not_allowed", "person/pin")]),
        ("<pin>1</pin><patronymic/><born>2020-01-01T00:00:00</born>", {"pin": "1", "patronymic": "", "born": date(2020, 1, 1), "child": []}, []),
        ("<pin>1</pin><patronymic/><born/>", {"pin": "1", "patronymic": "", "born": None, "child": []}, []),
        ("<pin>1</pin><patronymic/><born>01.02.2020</born>", {"pin": "1", "patronymic": "", "born": "01.02.2020", "child": []}, [("not_a_date", "person/born")]),
        ("<pin>1</pin><pin>2</pin><patronymic/>", {"pin": "1", "patronymic": "", "child": []}, [("repeated", "person/pin")]),
        ("<pin>1</pin><patronymic/><sum> 7.10 </sum>", {"pin": "1", "patronymic": "", "child": [], "sum": Decimal("7.10")}, []),
        ("<pin>1</pin><patronymic/><sum>1e5</sum>", {"pin": "1", "patronymic": "", "child": [], "sum": "1e5"}, [("not_a_decimal", "person/sum")]),
        ("<pin>1</pin><patronymic/><sex>1</sex>", {"pin": "1", "patronymic": "", "child": [], "sex": "1"}, [("not_in_the_list", "person/sex")]),
        ("<pin>1</pin><patronymic/><x>1</x>", {"pin": "1", "patronymic": "", "child": []}, [("unexpected", "person/x")]),
        ("<pin><b>1</b></pin><patronymic/>", {"pin": {"b": "1"}, "patronymic": "", "child": []}, [("elements_in_value", "person/pin")]),
        ("stray<pin>1</pin><patronymic/>", {"pin": "1", "patronymic": "", "child": []}, [("text_between_elements", "person")]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_place(xml: str, value: Any, misfits: list[tuple[str, str]]) -> None:
    """Absent, nil, empty, repeated and strange are told apart; the rest is read all the same."""
    reading = read(etree.fromstring(f'<person xmlns:i="{XSI}">{xml}</person>'), PERSON)
    assert reading.value == value
    assert [(each.reason, each.path) for each in reading.misfits] == misfits


def test_alternatives_that_share_a_name_are_told_apart_by_the_rest() -> None:
    """The branch that holds everything told is taken; elements of two branches at once are a misfit."""
    a, b, c = (Field(name=name) for name in "abc")
    one = Field(name="r", kind=Kind.GROUP, content=(Choice(branches=((a, b), (a, c))),))
    assert read(etree.fromstring("<r><a>1</a><c>2</c></r>"), one).misfits == ()
    assert [each.reason for each in read(etree.fromstring("<r><a>1</a></r>"), one).misfits] == ["missing"]
    both = read(etree.fromstring("<r><b>1</b><c>2</c></r>"), one)
    assert [each.reason for each in both.misfits] == ["several_alternatives"]


def test_a_recursive_type_is_read_as_deep_as_the_message() -> None:
    """The description repeats where it says so; depth is bounded by the one parser."""
    unit = Field(
        name="unit",
        kind=Kind.GROUP,
        type_name="T",
        content=(
            Field(name="code", kind=Kind.INTEGER),
            Field(name="parent", kind=Kind.GROUP, again="T", required=False),
        ),
    )
    text = "".join(f"<parent><code>{n}</code>" for n in range(1, 20)) + "</parent>" * 19
    reading = read(etree.fromstring(f"<unit><code>0</code>{text}</unit>"), unit)
    assert reading.misfits == ()
    value, depth = reading.value, 0
    while "parent" in value:
        value, depth = value["parent"], depth + 1
        assert value["code"] == depth
    assert depth == 19


def test_an_attachment_is_read_from_xop_and_from_its_address() -> None:
    """MTOM puts an Include where the bytes were; swaRef puts the cid itself."""
    xop = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:1"/>'
    for kind in (Kind.BYTES, Kind.ATTACHMENT):
        one = Field(name="f", kind=kind)
        assert read(etree.fromstring(f"<f>{xop}</f>"), one).value == Attachment(href="cid:1")
    assert read(etree.fromstring("<f>cid:2</f>"), Field(name="f", kind=Kind.ATTACHMENT)).value == Attachment(
        href="cid:2"
    )
