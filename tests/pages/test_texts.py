"""Texts: whole in three languages, plural forms included, and every one that a page says is there."""

import re
import tomllib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import Mock

import pytest
from jinja2 import Environment

from gateway.access.values import Kind
from gateway.console.certificate_names import say_certificate
from gateway.matching.comparison import FIELDS
from gateway.matching.levels import Level
from gateway.matching.rules import NOBODY, RULES
from gateway.pages.rendering import make_environment
from gateway.pages.speech import Speech
from gateway.pages.texts import Catalogue, TextError, read_catalogue
from sync.worker import build_app
from tests.running import make_settings

PACKAGES = {
    name: f"gateway.{name}" for name in ("pages", "console", "portal") if find_spec(f"gateway.{name}")
}
_SAID = re.compile(r"""(?:\bt|\bsay|told=|text=|_text=)\(?\s*"([a-z0-9_]+(?:\.[A-Za-z0-9_]+)+)"(?!\s*~)""")


def catalogue_of(section: str) -> Catalogue:
    shared = read_catalogue("gateway.pages")
    return shared if section == "pages" else shared.joined(read_catalogue(PACKAGES[section]))


@pytest.mark.parametrize("section", PACKAGES)
def test_every_text_that_is_said_by_name_is_there(section: str) -> None:
    """Each key that a template or a module of a section names stands in its catalogue."""
    catalogue, root = catalogue_of(section), Path(str(files(PACKAGES[section])))
    said = {
        (file.name, key)
        for pattern in ("*.html", "*.py")
        for file in root.rglob(pattern)
        for key in _SAID.findall(file.read_text(encoding="utf-8"))
    }
    assert said
    assert sorted(each for each in said if each[1] not in catalogue) == []


@pytest.mark.parametrize("section", PACKAGES)
def test_every_template_compiles_and_holds_no_inline_script_or_style(section: str) -> None:
    """Each template is read by Jinja2, and says nothing that the content policy would stop."""
    environment: Environment = make_environment(PACKAGES)
    names = [name for name in environment.list_templates() if name.startswith(f"{section}/")]
    assert names
    for name in names:
        environment.get_template(name)
        source = environment.loader.get_source(environment, name)[0]  # type: ignore[union-attr]
        assert not re.search(
            r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe\b", source
        ), name


def test_every_task_object_and_certificate_has_its_name_in_words(tmp_path: Path) -> None:
    """What the worker does, what is acted upon and what a certificate is for is said, not only coded."""
    settings = make_settings("postgresql+psycopg://localhost/none", tmp_path)
    app = build_app(Mock(settings=settings, database=Mock(url=settings.database.url)))
    names = {name for name in app.tasks if re.fullmatch("[a-z_]+", name)}
    catalogue = catalogue_of("console")
    assert {"verify_person", "follow_feeds", "run_replay"} <= names
    assert sorted(name for name in names if f"work.tasks.{name}" not in catalogue) == []
    assert [kind for kind in (*Kind, "SESSION") if f"acts.kind.{kind}" not in catalogue] == []
    visit = Mock(speech=Speech("ru", catalogue), say=Speech("ru", catalogue).say)
    for name in ("signing", "server.tls", "server.client", "security_server", "security_server.client"):
        assert say_certificate(visit, name) != name
    assert say_certificate(visit, "agencies.social_fund") == "Ведомство: social fund"
    assert say_certificate(visit, "elsewhere") == "elsewhere"


def test_every_changing_form_of_a_template_holds_the_token() -> None:
    """A form that is sent by POST has the hidden field, but for those that anybody may send."""
    environment = make_environment(PACKAGES)
    for name in environment.list_templates():
        source = environment.loader.get_source(environment, name)[0]  # type: ignore[union-attr]
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", source, re.DOTALL):
            assert "csrf_field()" in form or 'action="/look"' in form or 'action="/sign-in"' in form, (
                name,
                form,
            )


def test_plural_forms_follow_the_language() -> None:
    """Russian counts in three forms, English in two, and the number is written as the language writes it."""
    catalogue = read_catalogue("gateway.pages")
    said = {n: Speech("ru", catalogue).say("pages.live.new", n=n) for n in (1, 3, 5, 21, 1200)}
    assert said == {
        1: "1 новая строка", 3: "3 новые строки", 5: "5 новых строк", 21: "21 новая строка",
        1200: "1\xa0200 новых строк",
    }  # fmt: skip
    assert Speech("en", catalogue).say("pages.live.new", n=1) == "1 new row"
    assert Speech("en", catalogue).say("pages.live.new", n=1200) == "1,200 new rows"


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ('[a]\nky = "x"\nru = "y"\n', "topic.a: ky, ru and en"),
        ('[a]\nky = "x"\nru = "y"\nen = ""\n', "topic.a.en: an empty"),
        ('[a]\nky = "{n}"\nru = "y"\nen = "z"\n', "different places"),
        ('[a]\nky = "x"\nru = { one = "y" }\nen = "z"\n', "plural forms one, few, many"),
    ],
)
def test_a_text_that_is_not_whole_stops_the_start(
    written: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing language, an empty sentence, a place filled in only once, a missing plural form: each is named."""
    package = tmp_path / f"pages_of_{tmp_path.name}"
    (package / "texts").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "texts" / "topic.toml").write_text(written, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TextError, match=wrong):
        read_catalogue(package.name)


def test_every_rule_of_matching_is_said_in_three_languages() -> None:
    """A reviewer reads why a pair was judged so, and how each field compares, in the language chosen."""
    texts = tomllib.loads((files("gateway.console") / "texts" / "cases.toml").read_text(encoding="utf-8"))
    keys = {f"rule_{re.sub('[^a-z]+', '_', rule.says.lower()).strip('_')}" for rule in (*RULES, NOBODY)}
    keys |= {"rule_other"} | {f"level_{level}" for level in Level} | {f"field_{name}" for name in FIELDS}
    assert [key for key in keys if set(texts.get(key, {})) != {"ky", "ru", "en"}] == []
    assert [
        key for key in keys for language in ("ky", "ru") if re.search("[a-z]{3}", texts[key][language])
    ] == []
