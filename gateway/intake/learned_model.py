"""The model records are matched by: the shipped one, or one learned from a whole population."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.matching.model import MODEL, Model, model_of
from gateway.matching.stored import read


def chosen_model(settings: Settings) -> Model:
    """Give the model with the operator's thresholds; raises SettingsError where its file is none."""
    shipped = model_of(settings.matching)
    if not settings.matching.model_file:
        return shipped
    file = settings.path(settings.matching.model_file)
    try:
        learned = _learned(file, file.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise SettingsError(f"matching.model_file: {file.name} cannot be read: {error}") from None
    return replace(learned, thresholds=shipped.thresholds)


@lru_cache(maxsize=2)
def _learned(file: Path, _: int) -> Model:
    return read(file.read_text(encoding="utf-8"), model=MODEL)
