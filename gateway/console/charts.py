"""Charts as inline SVG by pygal, stripped of its own style and script: colours come from charts.css alone.

A picture is for whoever sees it; the same numbers stand in a table beside it, with the links a keyboard reaches.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import pygal
from lxml import etree
from markupsafe import Markup

# on import pygal hangs a finder of its maps, which we lack, into every import of the process: it is taken out again
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]

_LINK = "{http://www.w3.org/1999/xlink}href"  # pygal's other nodes stand in no namespace
_OVERLAYS = frozenset({"plot text-overlay", "plot tooltip-overlay", "titles"})
_WIDTH, _HEIGHT = 440, 190
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a chart's values: its name, the values (None: nothing to show), where each one leads."""

    name: str
    values: Sequence[float | None]
    links: Sequence[str] = ()


def stacked_bars(
    labels: Sequence[str], lines: Sequence[Line], *, shown: Callable[[float], str], every: int = 1
) -> Markup:
    """Draw amounts upon each other, step by step."""
    return _drawn(pygal.StackedBar, labels, lines, shown=shown, every=every, spacing=2)


def curves(
    labels: Sequence[str], lines: Sequence[Line], *, shown: Callable[[float], str], every: int = 1
) -> Markup:
    """Draw values as lines; a gap is a gap."""
    return _drawn(
        pygal.Line, labels, lines, shown=shown, every=every, dots_size=2.5, allow_interruptions=True
    )


def sparkline(values: Sequence[float]) -> Markup:
    """Draw the course of a value in a table's cell."""
    top = max([*values, 1.0])
    width = 96 / max(1, len(values))
    bars = "".join(
        f'<rect x="{number * width:.2f}" y="{22 - 20 * value / top:.2f}" '
        f'width="{max(0.6, width - 0.8):.2f}" height="{max(0.0, 20 * value / top):.2f}"/>'
        for number, value in enumerate(values)
    )
    return Markup(  # noqa: S704 – numbers alone
        f'<svg class="spark" viewBox="0 0 96 22" aria-hidden="true" focusable="false">{bars}</svg>'
    )


def _drawn(
    kind: Any,
    labels: Sequence[str],
    lines: Sequence[Line],
    *,
    shown: Callable[[float], str],
    every: int,
    **more: Any,
) -> Markup:
    marks = _marks(_top(lines, stacked=kind is pygal.StackedBar))
    chart = kind(
        width=_WIDTH,
        height=_HEIGHT,
        explicit_size=False,
        no_prefix=True,
        js=(),
        css=(),
        show_legend=False,
        margin=6,
        range=(0, marks[-1]),
        show_minor_x_labels=False,
        x_labels_major_every=every,
        truncate_label=-1,
        formatter=shown,
        **more,
    )
    chart.x_labels = list(labels)
    chart.y_labels = [{"label": shown(mark), "value": mark} for mark in marks]
    for line in lines:
        chart.add(line.name, _values(line), formatter=shown)
    return _stripped(chart.render_tree())


def _top(lines: Sequence[Line], *, stacked: bool) -> float:
    """Give the greatest height a chart reaches; one where there is nothing, so that the axis has a length."""
    rows = list(zip(*(line.values for line in lines), strict=True))
    tops = [(sum if stacked else max)(value or 0 for value in row) for row in rows]
    return max([*tops, 0.0]) or 1.0


def _marks(top: float) -> list[float]:
    """Choose round marks of the axis from zero to just above the top: three to six of them."""
    decade = 10.0 ** floor(log10(top / 4))
    step = next(nice * decade for nice in _NICE if nice * decade * 4 >= top)
    return [step * number for number in range(ceil(top / step - 1e-9) + 1)]


def _values(line: Line) -> list[Any]:
    links = line.links or [""] * len(line.values)
    return [
        {"value": value, "xlink": {"href": link, "target": "_self"}} if link and value else value
        for value, link in zip(line.values, links, strict=True)
    ]


def _stripped(root: Any) -> Markup:
    """Take out what a strict policy forbids and what only pygal's own script would read; what is said stays."""
    etree.strip_tags(root, etree.Comment)
    for node in list(root.iter("defs", "g", "title")):
        if node.tag in {"defs", "title"} or node.get("class") in _OVERLAYS:
            node.getparent().remove(node)
    for node in list(root.iter("desc")):
        _tell(node)
    etree.strip_elements(root, "desc", with_tail=False)
    for node in root.iter():
        _clean(node)
    root.attrib.pop("id", None)
    root.set("class", "chart")
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704 – serialised from a tree


def _tell(desc: Any) -> None:
    """Turn a value's description into the words a mouse meets."""
    if desc.get("class") != "value":
        return
    label = next((each.text for each in desc.itersiblings() if each.get("class") == "x_label"), "")
    title = etree.SubElement(desc.getparent(), "title")
    title.text = f"{label}: {desc.text}" if label else desc.text


def _clean(node: Any) -> None:
    node.attrib.pop("style", None)
    if address := node.attrib.pop(_LINK, None):
        node.set("href", address)
        node.set("tabindex", "-1")
