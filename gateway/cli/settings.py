"""What every command begins with: settings read, logs set up."""

from gateway.foundation import logging
from gateway.foundation.settings import Settings, load


def begin() -> Settings:
    """Read the settings and set the logs up."""
    settings = load()
    logging.configure(settings.logs.level)
    return settings
