"""Pages for operators and auditors: masked metadata, work, evidence, incidents."""

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.section import create_console

__all__ = ["ConsoleDependencies", "create_console"]
