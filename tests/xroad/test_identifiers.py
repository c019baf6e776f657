"""Identifiers as text: what the journal and the agreements are searched by."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.xroad.identifiers import ServiceId, SubsystemId

PART = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
SUBSYSTEMS = st.builds(
    SubsystemId, xroad_instance=PART, member_class=PART, member_code=PART, subsystem_code=PART
)


@given(SUBSYSTEMS, SUBSYSTEMS)
def test_two_subsystems_never_look_alike(one: SubsystemId, other: SubsystemId) -> None:
    """A member code with a slash in it cannot pass for another member's subsystem."""
    assert (str(one) == str(other)) == (one == other)


def test_a_slash_in_a_member_code_is_escaped() -> None:
    """The forged client and the real one stand under different names."""
    real = SubsystemId(xroad_instance="i", member_class="GOV", member_code="7", subsystem_code="portal")
    forged = SubsystemId(xroad_instance="i", member_class="GOV", member_code="7/portal")
    assert str(real) == "i/GOV/7/portal"
    assert str(forged) == "i/GOV/7%2Fportal"
    service = ServiceId(provider=real, service_code="getX", service_version="v1")
    assert str(service) == "i/GOV/7/portal/getX/v1"
