"""Reference "SRTP and DTLS-SRTP for Audio and Video": each side has the encryption it speaks."""

import time
from typing import Any

import pytest

from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import within
from ringfence.lab.softphone import Transport
from tests.system.media.talking import talk

pytestmark = pytest.mark.usefixtures("oracle")


@pytest.fixture(scope="module")
def phones(pbx: Any, lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A phone in a browser's manner, another one, and a plain one."""
    home = tmp_path_factory.mktemp("media")
    with (
        Baresip(lab.host("web", 81), home / "w", pbx.account("141"), Transport.WSS, 400, Keys.DTLS) as web,
        Baresip(lab.host("other", 82), home / "o", pbx.account("142"), Transport.WSS, 600, Keys.DTLS) as other,
        Baresip(lab.host("desk", 83), home / "d", pbx.account("143"), Transport.UDP, 700) as desk,
        Baresip(lab.host("sdes", 84), home / "s", pbx.account("144"), Transport.TLS, 900, Keys.OFFERED) as sdes,
    ):
        made = {"web": web, "other": other, "desk": desk, "sdes": sdes}
        for phone in made.values():
            phone.wait_registered()
        yield made


@pytest.mark.parametrize("pair", ["web desk", "desk web", "web other", "sdes desk", "desk sdes", "web sdes"])
def test_both_sides_hear_each_other(phones: Any, pair: str) -> None:
    """A browser, a plain phone and one with keys in its offer reach each other, whoever calls."""
    caller, callee = (phones[name] for name in pair.split())
    talk(caller, callee)


def test_ciphers_and_quality_are_shown_in_the_live_call_and_in_the_record(pbx: Any, phones: Any) -> None:
    """What each side really agreed on, and MOS, loss, jitter and round trip as the relay measured them."""
    caller, callee = phones["web"], phones["sdes"]
    for phone in (caller, callee):
        phone.forget_events()
    caller.dial(callee.account.user)
    caller.wait_for("CALL_ESTABLISHED", timeout=8)
    expected = ("DTLS-SRTP AEAD_AES_256_GCM", "SRTP AEAD_AES_256_GCM")
    within(10, lambda: _audio(pbx.product.live_calls()) == expected, "the live call says how it is encrypted")
    time.sleep(11)
    caller.hang_up()
    callee.wait_for("CALL_CLOSED")
    record = within(10, lambda: _newest(pbx), "the call record is in REST")[0]
    assert (record["caller_rtp"], record["called_rtp"]) == expected
    assert record["mos"] >= 3.5
    assert record["loss"] <= 10
    assert record["jitter"] is not None
    assert record["round_trip"] is not None


def _audio(calls: list[dict[str, Any]]) -> tuple[str, str] | None:
    return next(((call["caller_rtp"], call["called_rtp"]) for call in calls if "141" in str(call["caller"])), None)


def _newest(pbx: Any) -> dict[str, Any] | None:
    rows = [row for row in pbx.product.call_records() if row["caller"].startswith("141@") and row["dialled"] == "144"]
    newest = max(rows, key=lambda row: str(row["started_at"]), default=None)
    return newest if newest and newest["duration"] > 10 else None
