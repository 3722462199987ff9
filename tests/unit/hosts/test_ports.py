"""The port table is the reference's, row by row."""

from ringfence.hosts import ports
from ringfence.hosts.ports import Part

REFERENCE = """
Web Portal            | 8887
IP Phone Provisioning | 8888
Rest API              | 8887
WebRTC                | 10443
SBC Web Portal        | 8883
IP Phone Provisioning | 8882
WSI                   | 8885
RTP                   | 45000-64999
RTP                   | 25000-34999
SIP                   | 5066
SIP                   | 5067
SIP                   | 5060
SIP                   | 5061
SIP                   | 5063
SIP                   | 5065
SSH                   | 22
"""


def test_every_row_of_the_reference_is_there_in_its_order() -> None:
    rows = [tuple(cell.strip() for cell in line.split("|")) for line in REFERENCE.strip().splitlines()]
    assert [(service.name, service.ports) for service in ports.TABLE] == rows


def test_no_two_parts_share_a_port() -> None:
    for service in ports.TABLE:
        sharing = [
            other
            for other in ports.TABLE
            if other.transport is service.transport and other.first <= service.last and service.first <= other.last
        ]
        assert {other.part for other in sharing} == {service.part}


def test_the_table_can_be_asked_by_part() -> None:
    assert [service.ports for service in ports.of(Part.CORE)] == ["5060", "5061", "5063"]


def test_no_two_parts_share_a_port_of_their_own() -> None:
    """What is on loopback alone, and what the table opens; the portal and REST are one server."""
    inner = [value for name, value in vars(ports).items() if isinstance(value, int) and name.isupper()]
    opened = {service.first for service in ports.TABLE}
    assert len(set(inner)) == len(inner)
    assert not opened & set(inner)
