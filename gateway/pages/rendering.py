"""Templates: Jinja2 that escapes everything and stops at anything undefined."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

from gateway.foundation.logging import without_pins
from gateway.pages.assets import Assets
from gateway.pages.look import CHOICES
from gateway.pages.room import Section
from gateway.pages.visit import Visit


def make_environment(packages: Mapping[str, str]) -> Environment:
    """Make the environment; a template is named by its section: pages/base.html, console/exchanges/list.html."""
    loaders = {
        name: PackageLoader(package)
        for name, package in packages.items()
        if files(package).joinpath("templates").is_dir()
    }
    environment = Environment(
        loader=ChoiceLoader([PrefixLoader(loaders)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    environment.globals |= {"query_string": query_string, "zip": zip, "CHOICES": CHOICES}
    return environment


def query_string(**values: Any) -> str:
    """Write an address's query of what is not empty; "" or "?…"."""
    pairs = [(name, str(value)) for name, value in values.items() if value not in {None, ""}]
    return f"?{urlencode(pairs)}" if pairs else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Fills a template with what every page has and what the page gives."""

    environment: Environment
    assets: Assets
    sections: tuple[Section, ...]

    def __call__(self, visit: Visit, template: str, values: dict[str, Any]) -> str:
        """Render a page."""
        return self.environment.get_template(template).render(self.furniture(visit) | values)

    def furniture(self, visit: Visit) -> dict[str, Any]:
        """Give what the layout needs."""
        here = visit.request.url.path
        query = visit.request.url.query
        return {
            "visit": visit,
            "t": visit.speech.say,
            "speech": visit.speech,
            "may": visit.may,
            "csrf": visit.csrf,
            "asset": self.assets.address,
            "here": without_pins(f"{here}?{query}" if query else here),
            "nav": self._nav(visit, here),
            "sections": self._sections(visit),
            "signed_in": visit.signed_in is not None,
        }

    def _nav(self, visit: Visit, here: str) -> list[dict[str, Any]]:
        section = next((each for each in self.sections if each.name == visit.section), None)
        if section is None or not visit.caller.grants:
            return []
        root = f"/{section.name}"
        found = [
            {"href": root + each.path, "text": each.text, "icon": each.icon}
            for each in section.nav_for(visit.caller)
        ]
        covering = [
            each["href"] for each in found if here == each["href"] or here.startswith(f"{each['href']}/")
        ]
        current = max(covering, key=len, default="")
        return [each | {"current": each["href"] == current} for each in found]

    def _sections(self, visit: Visit) -> list[dict[str, Any]]:
        if not visit.caller.grants:
            return []
        entered = partial(_first_place, visit)
        return [
            {"name": each.name, "href": href, "current": each.name == visit.section}
            for each in self.sections
            if (href := entered(each))
        ]


def _first_place(visit: Visit, section: Section) -> str:
    entries = section.nav_for(visit.caller)
    return f"/{section.name}{entries[0].path}" if entries else ""
