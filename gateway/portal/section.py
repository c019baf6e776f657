"""The portal's rooms, one line each."""

from gateway.pages import Section
from gateway.portal.accounts import Accounts
from gateway.portal.cases import Cases
from gateway.portal.desk import Desk
from gateway.portal.entering import Entering
from gateway.portal.home import Home
from gateway.portal.imports import Imports
from gateway.portal.learners import Learners
from gateway.portal.orders import Orders
from gateway.portal.organisations import Organisations
from gateway.portal.own import Own
from gateway.portal.staff import Staff
from gateway.portal.transfers import Transfers


def create_portal(desk: Desk) -> Section:
    """Put the portal together; it is mounted at /portal."""
    rooms = (Home, Entering, Learners, Orders, Transfers, Cases, Organisations, Staff, Imports, Accounts, Own)
    return Section(
        name="portal",
        package="gateway.portal",
        rooms=tuple(each(desk).room() for each in rooms),
    )
