"""Where the world finds us."""

from gateway.foundation.settings import Settings
from gateway.foundation.tls import UNSET


def public_url(settings: Settings) -> str:
    """Give the address we are known under, without a slash at the end."""
    server = settings.server
    scheme = "http" if server.tls_certificate_file == UNSET else "https"
    return (server.public_url or f"{scheme}://{server.host}:{server.port}").rstrip("/")
