"""What of a session description passes (reference "SRTP and DTLS-SRTP for Audio and Video"; topology hiding)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.relay.carried import ATTRIBUTES, carried_only, nameless

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
AUDIO = "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\na=rtcp:4001\r\n"
FAX = "m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
VIDEO = "m=video 4004 UDP/TLS/RTP/SAVPF 96\r\na=rtcp-fb:96 nack\r\na=mid:1\r\n"

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["m=audio 4 RTP/AVP 8", "m=message 5 TCP/MSRP *", "a=tool:x", "a=rtcp:5", "a=sendrecv", "", "m="]
        ),
        st.sampled_from(ATTRIBUTES).map("a={}:1".format),
        st.text("am=:/ rtcp0Tx\t\0", max_size=12),
    )
)


@pytest.mark.parametrize("body", [HEAD + AUDIO, HEAD + AUDIO + FAX, HEAD + VIDEO, HEAD + AUDIO.replace("\r", ""), ""])
def test_what_phones_and_browsers_offer_passes_as_it_is(body: str) -> None:
    assert carried_only(body) is body


@pytest.mark.parametrize(
    "line",
    [
        "k=clear:secret",
        "i=Desk phone of Ann",
        "e=ann@example.com",
        "z=1 2",
        "a=tool:Phone 1.0",
        "a=path:msrp://192.0.2.1:1/x;tcp",
        "a=ccap:1 IN IP4 192.0.2.1",
        "a=altc:1 IP4 192.0.2.1 5000",
        "a=tcap:1 RTP/SAVP",
        "a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
        "a=pcfg:1 t=1 a=1",
        "a=source-filter: incl IN IP4 * 192.0.2.1",
        "a=rtcpx:1",
        "a=T38VendorInfo:1",
        "A=sendrecv",
        "x",
    ],
)
def test_a_line_that_says_more_does_not_pass(line: str) -> None:
    assert carried_only(f"{HEAD}{AUDIO}{line}\r\n{FAX}") == HEAD + AUDIO + FAX
    assert carried_only(f"{HEAD}{line}\r\n{AUDIO}") == HEAD + AUDIO


def test_a_control_port_at_the_head_of_a_description_does_not_pass() -> None:
    """The relay leaves it as it is there (RFC 3605 knows it only below a stream)."""
    assert carried_only(f"{HEAD}a=rtcp:5 IN IP4 192.0.2.1\r\n{AUDIO}") == HEAD + AUDIO


@pytest.mark.parametrize(
    "profile", ["TCP/MSRP", "tcp/msrp", "TCP/RTP/AVP", "UDP/DTLS/SCTP", "udp", "x/y", "RTP/AVP/TCP"]
)
def test_a_stream_that_the_relay_does_not_carry_is_refused_in_its_place(profile: str) -> None:
    body = f"{HEAD}m=message 5 {profile} *\r\nc=IN IP4 192.0.2.9\r\na=sendrecv\r\n{AUDIO}"
    assert carried_only(body) == f"{HEAD}m=message 0 {profile} *\r\nc=IN IP4 0.0.0.0\r\n{AUDIO}"


def test_a_stream_of_several_ports_is_refused() -> None:
    """RFC 8866 section 5.14: it is several streams, and the relay carries one."""
    assert carried_only(f"{HEAD}{AUDIO.replace('4000', '4000/2')}").startswith(f"{HEAD}m=audio 0 RTP/AVP")
    assert carried_only(f"{HEAD}{AUDIO.replace('4000', '4000/1')}") == HEAD + AUDIO.replace("4000", "4000/1")


@given(lines=LINES, end=st.sampled_from(["\r\n", "\n", "\r"]))
def test_nothing_but_known_lines_is_left_and_nothing_is_left_out_twice(lines: list[str], end: str) -> None:
    kept = carried_only(end.join(lines))
    assert carried_only(kept) == kept
    assert not re.search(r"^(?![vostcb]=|a=|m=|$)", kept, re.MULTILINE)
    assert not re.search(r"TCP/MSRP|a=tool", re.sub("^m=message 0 TCP/MSRP.*", "", kept, flags=re.MULTILINE))


@pytest.mark.parametrize("digest", ["sha-1", "SHA-1", "sha-224", "md5", "md2"])
def test_a_weak_proof_does_not_stand_beside_a_good_one(digest: str) -> None:
    """RFC 8122 section 5: the relay might take that."""
    good = f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\n"
    assert carried_only(f"{HEAD}a=fingerprint:{digest} AB:CD\r\n{VIDEO}{good}") == HEAD + VIDEO + good


def test_outside_nobody_is_told_whose_phone_it_is() -> None:
    body = HEAD.replace("o=-", "o=ann").replace("s=-", "s=Desk") + VIDEO + "a=ssrc:7 cname:ann@pbx\r\n"
    assert nameless(body) == HEAD + VIDEO
