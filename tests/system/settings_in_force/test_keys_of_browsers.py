"""Reference "SRTP and DTLS-SRTP for Audio and Video": AES-256, also for browsers, whose keys DTLS agrees on."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab import dtls, sip
from ringfence.lab.dtls import Certificate, profile_chosen
from ringfence.lab.ice import IceDoor
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, dialog_of_callee
from ringfence.lab.webphone import OF_A_BROWSER, WebPhone

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
PAGE: Final = f"https://{PBX_ADDRESS}:10443"
RTP_PORT: Final = 40_000
BOTH: Final = f"{dtls.AES_128}:{dtls.AES_256}"


class Browser(WebPhone):
    """Announces the certificate that it will show."""

    fingerprint = ""

    def answer_call(self, invite: sip.Message, extra: sip.Headers | None = None) -> Dialog:
        tag = sip.new_token()
        plain = sip.sdp(self.host.address, RTP_PORT).replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVPF") + OF_A_BROWSER
        told = b"sha-256 " + self.fingerprint.encode()
        body = plain.replace(b"sha-256 " + b":".join([b"5A"] * 32), told)
        self.respond(invite, 200, "OK", tag, extra, body)
        return dialog_of_callee(invite, tag)


@pytest.fixture
def browser(pbx: Any, stranger: Any, tmp_path: Path) -> Iterator[tuple[Browser, Certificate]]:
    certificate = Certificate.made(tmp_path)
    with Browser(stranger(), (PBX_ADDRESS, 5065), pbx.account("681"), PAGE, "sip") as one:
        one.fingerprint = certificate.fingerprint
        assert one.register().status == 200
        yield one, certificate
        assert one.register(expires=0).status == 200


@pytest.fixture
def aes_256_only(pbx: Any) -> Iterator[Any]:
    path = f"tenants/{pbx.tenant['id']}/media"

    def change(wanted: bool) -> None:
        pbx.rest.patch(path, aes_256_only=wanted)
        time.sleep(0.3)

    yield change
    change(False)


def test_aes_256_is_chosen_where_a_browser_knows_it_and_shorter_keys_end_the_call_where_only_it_is_allowed(
    pbx: Any, phone: Any, browser: Any, aes_256_only: Any
) -> None:
    """Off: AES-256 is taken before AES-128, and AES-128 alone too. On: whoever agrees on AES-128 is hung up on."""
    caller, (called, certificate) = phone("682"), browser

    def call(offered: str) -> tuple[str, Dialog]:
        uri, headers = caller.begin_call("681")
        invite = called.request("INVITE")
        called.answer_call(invite)
        dialog = caller.call_answered(uri, headers)
        called.request("ACK")
        with IceDoor(called.host, RTP_PORT, invite.body, sip.media_address(invite.body)) as door:
            return profile_chosen(called.host, door.inner, certificate, offered), dialog

    def hang_up(dialog: Dialog) -> None:
        caller.send(caller.in_dialog(dialog, "BYE"))
        called.respond(called.request("BYE"), 200, "OK")

    for wanted, offered, chosen in ((False, BOTH, dtls.AES_256), (False, dtls.AES_128, dtls.AES_128)):
        aes_256_only(wanted)
        found, dialog = call(offered)
        assert found == chosen
        within(10, lambda: shown(pbx), "the live call tells the keys")
        hang_up(dialog)
    aes_256_only(True)
    found, dialog = call(BOTH)
    assert found == dtls.AES_256
    hang_up(dialog)
    found, _ = call(dtls.AES_128)
    caller.respond(caller.request("BYE", timeout=20), 200, "OK")
    record = within(10, lambda: ended_by_us(pbx), "the call record is in REST")[0]
    assert (record["reason"], record["called_rtp"]) == ("Media keys too short", "DTLS-SRTP AES_CM_128_HMAC_SHA1_80")


def shown(pbx: Any) -> bool:
    return any(call["called_rtp"].startswith("DTLS-SRTP ") for call in pbx.product.live_calls())


def ended_by_us(pbx: Any) -> dict[str, Any] | None:
    rows = [row for row in pbx.product.call_records() if (row["caller"][:4], row["dialled"]) == ("682@", "681")]
    return next((row for row in rows if row["ended_by"] == "system"), None)
