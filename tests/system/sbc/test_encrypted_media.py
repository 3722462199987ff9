"""Encrypted sound through both relays, of browsers and phones outside (reference: "SRTP and DTLS-SRTP for Audio and
Video"; issue 6, parts 3 and 4). A tone is measured at both ends.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.softphone import Transport
from tests.system.media.talking import talk
from tests.system.sbc.conftest import SBC

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]
STRICT = ("664", "665", "666")


class Outside(Baresip):
    """A baresip that knows the SBC alone."""

    ports: ClassVar = {transport: port for transport, (_, port) in SBC.items()}


@pytest.fixture(scope="module")
def phones(with_sbc: Any, lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Baresip]]:
    """Two phones in a browser's manner, three outside that take nothing but SRTP, and a plain one inside."""
    home = tmp_path_factory.mktemp("sbc-media")
    account = with_sbc.account
    for number in STRICT:
        account(number)
        _require(with_sbc, number, "required")
    with (
        Outside(lab.host("web-out", 991), home / "w", account("661"), Transport.WSS, 400, Keys.DTLS) as web,
        Outside(lab.host("web-too", 992), home / "o", account("662"), Transport.WSS, 600, Keys.DTLS) as other,
        Outside(lab.host("udp-out", 993), home / "u", account("664"), Transport.UDP, 800, Keys.REQUIRED) as udp,
        Outside(lab.host("tcp-out", 994), home / "t", account("665"), Transport.TCP, 900, Keys.REQUIRED) as tcp,
        Outside(lab.host("tls-out", 996), home / "x", account("666"), Transport.TLS, 500, Keys.REQUIRED) as tls,
        Baresip(lab.host("desk-in", 995), home / "d", account("663"), Transport.UDP, 700) as desk,
    ):
        made = {"web": web, "other": other, "udp": udp, "tcp": tcp, "tls": tls, "desk": desk}
        for phone in made.values():
            phone.wait_registered(15)
        yield made
    for number in STRICT:
        _require(with_sbc, number, None)


def _require(pbx: Any, number: str, encryption: str | None) -> None:
    pbx.rest.call("PUT", f"users/{pbx.users[number]['id']}/media", {"encryption": encryption})


@pytest.mark.parametrize("pair", ["web desk", "desk web", "web other", "udp desk", "desk tcp", "tcp tls", "tls web"])
def test_both_sides_hear_each_other_through_the_sbc(phones: dict[str, Baresip], pair: str) -> None:
    """DTLS-SRTP and ICE end at the SBC, SRTP keys at each relay; 25000-34999 outside, 45000-64999 inside."""
    caller, callee = (phones[name] for name in pair.split())
    talk(caller, callee)
