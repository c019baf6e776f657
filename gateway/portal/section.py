"""The portal's rooms, one line each."""

from gateway.pages import Section
from gateway.portal.accounts import Accounts
from gateway.portal.cases import Cases
from gateway.portal.desk import Desk
from gateway.portal.entering import Entering
from gateway.portal.exams import Exams
from gateway.portal.home import Home
from gateway.portal.imports import Imports
from gateway.portal.lateness import Lateness
from gateway.portal.learners import Learners
from gateway.portal.leaves import Leaves
from gateway.portal.orders import Orders
from gateway.portal.organisations import Organisations
from gateway.portal.own import Own
from gateway.portal.staff import Staff
from gateway.portal.transfers import Transfers
from gateway.portal.undertaking import Undertaking


def create_portal(desk: Desk) -> Section:
    """Put the portal together; it is mounted at /portal."""
    of_learners = (Home, Entering, Learners, Exams, Orders, Transfers, Cases)
    of_places = (Organisations, Staff, Leaves, Lateness, Imports)
    rooms = (*of_learners, *of_places, Accounts, Undertaking, Own)
    return Section(
        name="portal",
        package="gateway.portal",
        rooms=tuple(each(desk).room() for each in rooms),
    )
