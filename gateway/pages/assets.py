"""Static files under an address that names their content: kept for ever by browsers, never stale."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Every static file by its name below its section; one version for all, so that modules find each other."""

    files: Mapping[str, bytes]
    version: str

    def address(self, name: str) -> str:
        """Give the address of a file; raises KeyError for one that is not there."""
        if name not in self.files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    async def answer(self, request: Request) -> Response:
        """Answer with a file; of another version there is none."""
        name = request.path_params["name"]
        body = self.files.get(name) if request.path_params["version"] == self.version else None
        if body is None:
            return Response(status_code=404)
        media_type = _TYPES["." + name.rpartition(".")[2]]
        return Response(body, media_type=media_type, headers={"Cache-Control": _FOR_EVER})


def read_assets(packages: Mapping[str, str]) -> Assets:
    """Read static/ of each section's package."""
    found: dict[str, bytes] = {}
    for section, package in packages.items():
        folder = files(package).joinpath("static")
        if folder.is_dir():
            _collect(folder, section, found)
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + found[name] + b"\0")
    return Assets(files=found, version=digest.hexdigest()[:12])


def _collect(folder: Traversable, prefix: str, found: dict[str, bytes]) -> None:
    for each in folder.iterdir():
        name = f"{prefix}/{each.name}"
        if each.is_dir():
            _collect(each, name, found)
        elif "." + each.name.rpartition(".")[2] in _TYPES:
            found[name] = each.read_bytes()
