"""What a stranger sends buys no line in a log, and no key stands in one (docs/log-inventory.md; issue 6)."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.softphone import Softphone, Transport
from tests.system.sbc.conftest import SBC

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]

CORE: Final = (PBX_ADDRESS, 5060)
KEY: Final = "inline:" + b64encode(bytes(range(30))).decode()
CRYPTO: Final = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n"
SOUND: Final = "m=audio 40000 RTP/SAVP 0 8\r\n"
OFFERS: Final = {
    "an address with its scope": ("239.1.1.1/127", SOUND + CRYPTO),
    "lines that are none": ("192.0.2.7", "M=audio 1 RTP/SAVP 0\r\n" + CRYPTO + SOUND),
    "a port below zero": ("192.0.2.7", SOUND.replace("40000", "-1") + CRYPTO),
    "a short key": ("192.0.2.7", SOUND + CRYPTO.replace(KEY, "inline:QUFB")),
    "no codec that is known": ("192.0.2.7", SOUND + CRYPTO + "m=application 40012 UDP/BFCP *\r\n"),
}


@pytest.mark.parametrize(
    ("server", "offer"),
    [*((SBC[Transport.UDP], offer) for offer in OFFERS), (CORE, "an address with its scope")],
    ids=str,
)
def test_an_offer_that_cannot_be_read_is_written_down_nowhere(
    pbx: Any, stranger: Callable[[], Host], phone: Any, server: tuple[str, int], offer: str
) -> None:
    """At the SBC the relay reads it before anybody proved who he is, from an address that may be forged: all of it
    stood in the log, lines of the stranger's own choice among it. At the core a phone's keys did.
    """
    account = pbx.account("741") if server == CORE else sip.Account("nobody", "acme.example", "guess")
    address, media = OFFERS[offer]
    body = f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n{media}".encode()
    phone("742")
    written = _written(pbx)
    with Softphone(stranger(), server, account) as caller:
        headers = [*caller.headers("INVITE", "sip:742@acme.example"), ("Content-Type", "application/sdp")]
        assert caller.authenticated("INVITE", "sip:742@acme.example", headers, body).status >= 400
    assert _written(pbx) == written


def _written(pbx: Any) -> dict[str, int]:
    return {name: (pbx.product.paths.logs / name).stat().st_size for name in ("media.log", "sbcmedia.log")}
