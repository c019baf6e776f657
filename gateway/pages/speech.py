"""How pages speak: texts, numbers, dates and spans of time in the reader's language, in the time of Bishkek."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self

from babel import dates, numbers

from gateway.foundation.clock import BISHKEK, utc_now
from gateway.pages.texts import LOCALES, Catalogue

_KIBI = 1024
_SECOND_MS, _MINUTE_MS = 1_000, 60_000


@dataclass(frozen=True, slots=True)
class Speech:
    """One language over one catalogue."""

    language: str
    catalogue: Catalogue

    def say(self, key: str, **values: Any) -> str:
        """Say a text; integers among the values are written as the language writes them."""
        return self.catalogue[key].say(
            self.language, {name: self._shown(value) for name, value in values.items()}
        )

    def knows(self, key: str) -> bool:
        """Tell whether the catalogue has a text."""
        return key in self.catalogue

    def name(self, group: str, code: str) -> str:
        """Say a code by its name in a group of the catalogue; one without a name is said as it is."""
        key = f"{group}.{code}"
        return self.say(key) if self.knows(key) else code

    def _shown(self, value: Any) -> Any:
        return _Counted(value, self.number(value)) if type(value) is int else value

    def number(self, value: float, digits: int | None = None) -> str:
        """Write a number, at most three digits after the point unless told."""
        pattern = None if digits is None else f"#,##0.{'0' * digits}" if digits else "#,##0"
        return str(numbers.format_decimal(value, format=pattern, locale=LOCALES[self.language]))

    def percent(self, share: float, digits: int = 1) -> str:
        """Write a share of one as a percentage."""
        pattern = f"#,##0.{'#' * digits}%"
        return str(numbers.format_percent(share, format=pattern, locale=LOCALES[self.language]))

    def moment(self, at: datetime) -> str:
        """Write an instant to the second, in the time of Bishkek."""
        return str(
            dates.format_datetime(at, "d MMM y, HH:mm:ss", tzinfo=BISHKEK, locale=LOCALES[self.language])
        )

    def minute(self, at: datetime) -> str:
        """Write an instant to the minute, in the time of Bishkek."""
        return str(dates.format_datetime(at, "d MMM y, HH:mm", tzinfo=BISHKEK, locale=LOCALES[self.language]))

    def clock(self, at: datetime) -> str:
        """Write the time of day to the millisecond, in the time of Bishkek."""
        return str(dates.format_datetime(at, "HH:mm:ss.SSS", tzinfo=BISHKEK, locale=LOCALES[self.language]))

    def day(self, on: date) -> str:
        """Write a date."""
        return str(dates.format_date(on, "d MMMM y", locale=LOCALES[self.language]))

    def ago(self, at: datetime, now: datetime | None = None) -> str:
        """Say how long ago (or in how long) an instant is."""
        span = at - (now or utc_now())
        form: Literal["long", "short"] = (
            "long" if self.language == "ky" else "short"
        )  # CLDR's short ky lacks days
        return str(
            dates.format_timedelta(
                span, add_direction=True, format=form, threshold=1, locale=LOCALES[self.language]
            )
        )

    def span(self, seconds: float) -> str:
        """Say how long something lasts, in its largest unit."""
        return str(
            dates.format_timedelta(
                timedelta(seconds=seconds), format="short", threshold=1, locale=LOCALES[self.language]
            )
        )

    def latency(self, milliseconds: float) -> str:
        """Write a duration of a call: milliseconds, or seconds with a digit."""
        if milliseconds < _SECOND_MS:
            return self.say("pages.unit.ms", v=self.number(round(milliseconds), 0))
        if milliseconds < _MINUTE_MS:
            return self.say("pages.unit.s", v=self.number(milliseconds / _SECOND_MS, 1))
        return self.span(milliseconds / _SECOND_MS)

    def size(self, count: int) -> str:
        """Write a number of bytes."""
        if count < _KIBI:
            return self.say("pages.unit.bytes", v=self.number(count))
        if count < _KIBI * _KIBI:
            return self.say("pages.unit.kib", v=self.number(count / _KIBI, 1))
        return self.say("pages.unit.mib", v=self.number(count / _KIBI / _KIBI, 1))


class _Counted(int):
    """A number that chooses a plural form as itself and is shown as the language writes it."""

    shown: str

    def __new__(cls, value: int, shown: str) -> Self:
        """Keep both."""
        made = super().__new__(cls, value)
        made.shown = shown
        return made

    def __format__(self, spec: str) -> str:
        """Show it."""
        return self.shown
