"""What a phone may not say is taken away, and a message that says none of it is spared the search (attack case 35)."""

import importlib
import re
from collections.abc import Iterator

import pytest

from ringfence.hosts.ports import LINK_TO_CORE
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

PLAIN = (
    "INVITE sip:102@a.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n"
    "From: <sip:101@a.example>;tag=1\r\nTo: <sip:102@a.example>\r\nCall-ID: P-1@x\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:101@192.0.2.1>\r\nAllow: INVITE, REFER\r\n"
    "Supported: replaces, timer\r\nUser-Agent: Phone\r\nContent-Length: 0\r\n"
)


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        values = {"$hdrc(TH)": 1, "$Rp": 5060}
        fake.answers = {"textops.remove_hf": 1, "textops.remove_hf_re": 1, "pv.get": values.get}
        yield fake


def stripped(kamailio: Kamailio, message: str) -> list[str]:
    """The patterns that were searched for."""
    kamailio.answers["kx.get_msgbuf"] = message + "\r\n"
    importlib.import_module("ringfence.signaling.calling.claims").strip()
    return [pattern for (pattern,) in kamailio.arguments_of("textops.remove_hf_re")]


def test_a_plain_message_is_not_searched_and_still_loses_its_routes_and_credentials(kamailio: Kamailio) -> None:
    assert stripped(kamailio, PLAIN) == []
    assert [name for (name,) in kamailio.arguments_of("textops.remove_hf")] == [
        "Route", "Path", "Service-Route", "Authorization", "Proxy-Authorization",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    "name",
    ["P-Asserted-Identity", "p-preferred-identity", "Remote-Party-ID", "Diversion", "History-Info", "Identity",
     "Identity-Info", "Privacy", "Replaces", "Join", "Referred-By", "Alert-Info", "Call-Info", "Answer-Mode",
     "Priv-Answer-Mode", "X-PBX-Auth", "X-RINGFENCE-client"],
)  # fmt: skip
def test_a_claim_in_any_line_is_searched_for_and_found(kamailio: Kamailio, name: str, end: str) -> None:
    (pattern,) = stripped(kamailio, PLAIN + f"Subject: x{end}{name} : sip:boss@a.example\r\n")
    assert re.match(pattern, name, re.IGNORECASE)


@pytest.mark.parametrize(("port", "expected"), [(5060, [("TH", 0), ("TH", 1)]), (LINK_TO_CORE, [])])
def test_a_phone_does_not_say_that_its_call_is_hidden_already(
    kamailio: Kamailio, port: int, expected: list[tuple[str, int]]
) -> None:
    """The engine adds its own to all that comes in, behind what was there, and believes the first, however many there
    are; the SBC has taken its clients' away."""
    values = {"$hdrc(TH)": 3, "$Rp": port}
    kamailio.answers |= {"pv.get": values.get, "textops.remove_hf_idx": 1, "kx.get_proto": "tls"}
    stripped(kamailio, PLAIN)
    assert kamailio.arguments_of("textops.remove_hf_idx") == expected
