"""Pages for clerks: a PIN becomes a filled form, orders, staff, organisations, imports, accounts."""

from gateway.portal.desk import Desk
from gateway.portal.section import create_portal

__all__ = ["Desk", "create_portal"]
