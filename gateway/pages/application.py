"""The pages as one application: every section under its name, the entrance, static files, error pages."""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Route

from gateway.access.door import Door
from gateway.foundation.settings import Settings
from gateway.pages.assets import read_assets
from gateway.pages.entrance import Entrance
from gateway.pages.guard import GuardedPage, Reception
from gateway.pages.headers import SafeHeaders
from gateway.pages.mishaps import mishap_handlers
from gateway.pages.rendering import Renderer, make_environment
from gateway.pages.room import Page, Section
from gateway.pages.texts import read_catalogue

_OWN = "gateway.pages"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def create_pages(door: Door, settings: Settings, sections: tuple[Section, ...]) -> Starlette:
    """Put the pages together; a text, template or static file that is not whole stops the start."""
    packages = {"pages": _OWN, **{each.name: each.package for each in sections}}
    assets = read_assets(packages)
    renderer = Renderer(environment=make_environment(packages), assets=assets, sections=sections)
    shared = read_catalogue(_OWN)
    reception = Reception(
        database=door.database,
        settings=settings,
        renderer=renderer,
        catalogues={
            "": shared,
            **{each.name: shared.joined(read_catalogue(each.package)) for each in sections},
        },
    )
    routes: list[BaseRoute] = [Route("/static/{version}/{name:path}", assets.answer, methods=["GET"])]
    routes += _routes(Entrance(door, sections).room().pages, reception, "")
    for section in sections:
        routes += _routes(section.pages, reception, section.name)
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(SafeHeaders, secure=reception.home.secure),
            Middleware(TrustedHostMiddleware, allowed_hosts=_hosts(reception), www_redirect=False),
        ],
        exception_handlers=mishap_handlers(reception),
    )


def _routes(pages: Iterable[Page], reception: Reception, section: str) -> list[BaseRoute]:
    root = f"/{section}" if section else ""
    return [
        Route(
            root + page.path,
            GuardedPage(page, reception, section).answer,
            methods=[page.method],
            max_body_size=page.form_limit_bytes,
        )
        for page in pages
    ]


def _hosts(reception: Reception) -> list[str]:
    host = reception.home.netloc.rpartition("@")[2]
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return [*_LOOPBACK, name]
