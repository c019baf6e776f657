"""JSON for the registry's own screens and programs, described by OpenAPI."""

from gateway.api.dependencies import ApiDependencies
from gateway.api.router import create_router

__all__ = ["ApiDependencies", "create_router"]
