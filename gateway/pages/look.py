"""How somebody wants pages to look, kept in cookies: language, light or dark, keys on or off, one message to show."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.browser import Home
from gateway.intake.reasons import LANGUAGES, choose_language

THEMES = ("auto", "light", "dark")
KEYS = ("on", "off")
_YEAR_SECONDS = 365 * 24 * 3600
_MESSAGE = re.compile(r"(good|bad|note):[a-z0-9_.]{1,80}")
CHOICES = {"language": LANGUAGES, "theme": THEMES, "keys": KEYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was chosen, and the message that waits to be shown."""

    home: Home
    language: str = "en"
    theme: str = "auto"
    keys: str = "on"
    message: str = ""

    @property
    def told(self) -> tuple[str, str] | None:
        """Give the kind and the text key of the message that waits."""
        kind, _, key = self.message.partition(":")
        return (kind, key) if key else None

    def choose(self, response: Response, name: str, value: str) -> None:
        """Remember a choice for a year; an unknown one is passed over."""
        if value in CHOICES.get(name, ()):
            self._set(response, name, value, max_age=_YEAR_SECONDS)

    def remember_message(self, response: Response, message: str) -> None:
        """Keep a message for the next page."""
        self._set(response, "told", message, max_age=60)

    def forget_message(self, response: Response) -> None:
        """Drop the message that was shown."""
        response.delete_cookie(
            self.home.cookie("kopuro-told"),
            path="/",
            secure=self.home.secure,
            httponly=True,
            samesite="lax",
        )

    def _set(self, response: Response, name: str, value: str, *, max_age: int) -> None:
        response.set_cookie(
            self.home.cookie(f"kopuro-{name}"),
            value,
            max_age=max_age,
            path="/",
            secure=self.home.secure,
            httponly=True,
            samesite="lax",
        )


def look_of(request: Request, home: Home) -> Look:
    """Read the choices; ?language= in an address counts before the cookie, the browser's wish after it."""
    kept = {name: request.cookies.get(home.cookie(f"kopuro-{name}"), "") for name in (*CHOICES, "told")}
    wishes = (request.query_params.get("language", ""), kept["language"])
    language = next((wish for wish in wishes if wish in LANGUAGES), None)
    return Look(
        home=home,
        language=language or choose_language(request.headers.get("accept-language")),
        theme=kept["theme"] if kept["theme"] in THEMES else "auto",
        keys=kept["keys"] if kept["keys"] in KEYS else "on",
        message=kept["told"] if _MESSAGE.fullmatch(kept["told"]) else "",
    )


def local_path(wanted: str, default: str = "/") -> str:
    """Give a path on this very site; anything that could lead elsewhere becomes the default."""
    parts = urlsplit(wanted)
    is_plain = wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable()
    return wanted if is_plain and "\\" not in wanted and not parts.netloc and len(wanted) < 2000 else default
