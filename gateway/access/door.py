"""What signing in needs, put together once per process."""

from dataclasses import dataclass

from gateway.access.keys import AccessKeys
from gateway.access.oidc import Provider
from gateway.access.passwords import Passwords
from gateway.foundation.address import public_url
from gateway.foundation.database import Database
from gateway.foundation.settings import Access, Settings

CALLBACK = "/api/v1/oidc/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The way in: the database, the secrets, the limits, and the identity provider where there is one."""

    database: Database
    keys: AccessKeys
    settings: Access
    passwords: Passwords
    provider: Provider | None = None


def open_door(database: Database, keys: AccessKeys, settings: Settings) -> Door:
    """Put the door together; raises SettingsError for an identity provider that is configured by half."""
    provider = None
    if settings.access.oidc_issuer:
        provider = Provider(
            settings.access,
            redirect=f"{public_url(settings)}{CALLBACK}",
            secret_file=settings.path(settings.access.oidc_client_secret_file),
        )
    return Door(
        database=database,
        keys=keys,
        settings=settings.access,
        passwords=Passwords(settings.access),
        provider=provider,
    )
