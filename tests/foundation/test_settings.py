"""The configuration: what is wrong with it stops the start with a sentence."""

from pathlib import Path

import pytest

from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import load

IDENTITY = '[identity]\nxroad_instance="i"\nmember_class="GOV"\nmember_code="1"\nsubsystem_code="s"\n'


def _load(folder: Path, text: str, **environment: str):
    (folder / "a.toml").write_text(IDENTITY + text, encoding="utf-8")
    return load(home=folder, environment={"KOPURO_CONFIG": str(folder), **environment})


def test_the_shipped_configuration_is_whole() -> None:
    """Every key of config/ is known and fits together."""
    settings = load(environment={})
    assert settings.agencies
    assert settings.agreements
    assert settings.fields


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A variable named after the section and the key overrides the file, with the key's own type."""
    settings = _load(
        tmp_path, "[server]\nport=1\n", KOPURO_SERVER__PORT="2", KOPURO_WORK__STALLED_AFTER_SECONDS="1.5"
    )
    assert settings.server.port == 2
    assert settings.work.stalled_after_seconds == 1.5


@pytest.mark.parametrize(
    ("text", "environment", "sentence"),
    [
        ("[server]\nprot=1\n", {}, "server.prot"),
        ("[severs]\n", {}, "severs"),
        ("[server]\nport='x'\n", {}, "server.port must be a number"),
        ("[server]\nhost=1\n", {}, "server.host must be a str"),
        ("[agreements.x]\nclient='a'\n", {}, "agreements.x.number is missing"),
        ("[server\n", {}, "not valid TOML"),
        ("", {"KOPURO_SERVER__PROT": "1"}, "server.prot"),
    ],
)
def test_an_unknown_or_broken_key_is_named(
    tmp_path: Path, text: str, environment: dict, sentence: str
) -> None:
    """A typing mistake never becomes a silent default."""
    with pytest.raises(SettingsError, match=sentence):
        _load(tmp_path, text, **environment)


def test_a_directory_without_configuration_says_what_to_set(tmp_path: Path) -> None:
    """Nothing to read is a sentence with the variable's name."""
    with pytest.raises(SettingsError, match="KOPURO_CONFIG"):
        load(home=tmp_path, environment={})
