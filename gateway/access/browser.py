"""What tells one browser from another: the session's cookie, where it speaks from, and whose page asks."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.foundation.address import public_url
from gateway.foundation.settings import Settings
from gateway.foundation.tls import is_loopback

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Our own address, as browsers see it."""

    netloc: str
    secure: bool

    def cookie(self, name: str) -> str:
        """Name a cookie; with TLS no other host can set one of this name."""
        return f"__Host-{name}" if self.secure else name

    @property
    def session_cookie(self) -> str:
        """Give the name of the session's cookie."""
        return self.cookie("kopuro-session")

    def is_own(self, origin: str, host: str) -> bool:
        """Tell whether an Origin is ours: the public address or the one that was asked."""
        asked = urlsplit(origin)
        return asked.netloc in {self.netloc, host} and not (self.secure and asked.scheme != "https")

    def hand_over(self, response: Response, token: str) -> None:
        """Put a session's token into the browser's cookie, out of the page's own reach."""
        response.set_cookie(
            self.session_cookie, token, path="/", secure=self.secure, httponly=True, samesite="lax"
        )
        response.headers["Cache-Control"] = "no-store"

    def take_back(self, response: Response) -> None:
        """Let the browser forget the session."""
        response.delete_cookie(
            self.session_cookie, path="/", secure=self.secure, httponly=True, samesite="lax"
        )


def home_of(settings: Settings) -> Home:
    """Give our address."""
    address = urlsplit(public_url(settings))
    return Home(netloc=address.netloc, secure=address.scheme == "https")


def peer_of(request: Request, *, forwarded: bool) -> str:
    """Give the peer's address; a proxy on this machine may tell it, if the settings say so."""
    peer = request.client.host if request.client else ""
    told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return told[:64] if forwarded and told and is_loopback(peer) else peer
