"""Group P: what the parser must survive and refuse."""

import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport

pytestmark = pytest.mark.usefixtures("oracle")

TCP = ("10.77.0.1", 5063)
INTERNAL = [
    ("X-PBX-Auth ", "yes"),
    ("X-PBX-Auth\t", "yes"),
    ("x-pbx-auth", "yes\r\n folded"),
    ("X-RINGFENCE-Caller", "101"),
    ("X-PBX-Auth", "twice"),
    ("P-Asserted-Identity", "<sip:boss@acme.example>"),
    ("Remote-Party-ID", "<sip:boss@acme.example>"),
]


@pytest.fixture
def stream(stranger: Any) -> Any:
    """A TCP connection from a stranger."""
    with Softphone(stranger(), TCP, Account("x", "acme.example", "x"), Transport.TCP) as one:
        yield one


def test_internal_headers_of_a_phone_reach_nobody(phone: Any) -> None:
    """Case 6: internal header names in any spelling are seen by neither policy nor the callee."""
    caller, callee = phone("131"), phone("132")
    caller.begin_call("132", INTERNAL)
    invite = callee.request("INVITE")
    callee.respond(invite, 486, "Busy Here", "t")
    names = {name.strip() for name in invite.header_names}
    assert not {name for name in names if name.startswith(("x-pbx", "x-ringfence", "remote-party"))}
    assert b"boss" not in invite.raw
    assert b"folded" not in invite.raw


@pytest.mark.parametrize("length", ["2147483648", "4294967328", "-1", "five", "0\r\nContent-Length: 80"])
def test_a_wrong_content_length_closes_the_stream(stream: Softphone, length: str) -> None:
    """Case 8: trailing bytes never run as a second request."""
    trailing = sip.compose("OPTIONS sip:acme.example SIP/2.0", stream.headers("OPTIONS", "sip:acme.example"))
    headers = [*stream.headers("OPTIONS", "sip:acme.example"), ("Content-Length", length)]
    stream.send(sip.compose("OPTIONS sip:acme.example SIP/2.0", headers) + trailing)
    first = stream.receive(1.5)
    assert first is None or first.status in (400, 413), first
    second = sip.parse(trailing).branch
    while (message := stream.receive(0.3)) is not None:
        assert message.branch != second, "the trailing bytes were run"


def test_no_kernel_helper_rewrites_sip() -> None:
    """Case 8: nf_conntrack_sip is not loaded (CVE-2026-23457). A kernel without modules has no such file."""
    modules = Path("/proc/modules")
    assert not modules.exists() or "nf_conntrack_sip" not in modules.read_text()


def test_a_stream_without_content_length_is_refused_and_closed(stream: Softphone) -> None:
    """Case 9: without Content-Length the next bytes are not a second request."""
    head = sip.compose("OPTIONS sip:acme.example SIP/2.0", stream.headers("OPTIONS", "sip:acme.example")).replace(
        b"Content-Length: 0\r\n", b""
    )
    trailing = sip.compose("OPTIONS sip:acme.example SIP/2.0", stream.headers("OPTIONS", "sip:acme.example"))
    stream.send(head + trailing)
    answers = [message for _ in range(3) if (message := stream.receive(0.5)) is not None]
    assert all(message.status == 400 for message in answers), answers
    assert stream.is_closed(2.0) or not answers


@pytest.mark.parametrize("size", [600, 2000, 8000])
@pytest.mark.parametrize("to_tag", ["", ";tag=abc"], ids=["new", "in-dialog"])
@pytest.mark.parametrize("place", ["user", "alias"])
def test_a_long_request_uri_is_refused(attacker: Softphone, size: int, to_tag: str, place: str) -> None:
    """Case 10: 414 and no more work, with and without To tag."""
    uri = f"sip:{'a' * size}@acme.example" if place == "user" else f"sip:101@acme.example;alias={'1' * size}~5060~1"
    headers = sip.with_header(attacker.headers("INVITE", uri), "To", f"<sip:101@acme.example>{to_tag}")
    answer = attacker.silent("INVITE", uri, headers, wait=0.5)
    assert answer is None or answer.status in (414, 400, 513), answer.start_line


def _datagrams(one: Softphone) -> dict[str, bytes]:
    good = sip.compose("OPTIONS sip:acme.example SIP/2.0", one.headers("OPTIONS", "sip:acme.example"))
    return {
        "nul bytes": good.replace(b"User-Agent: ", b"User-Agent: \0\0\0"),
        "bare carriage return": good.replace(b"\r\nUser-Agent", b"\rUser-Agent"),
        "invalid utf-8": good.replace(b"User-Agent: ", b"User-Agent: \xff\xfe\xc0\x80"),
        "invalid utf-8 in the user": good.replace(b"sip:acme", b"sip:\xff\xc0@acme", 1),
        "a full datagram": good.replace(b"User-Agent: ", b"User-Agent: " + b"u" * (65_400 - len(good))),
        "only line ends": b"\r\n" * 500,
        "nothing but nul": b"\0" * 1000,
        "70 Vias": good.replace(
            b"Max-Forwards", b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n" * 70 + b"Max-Forwards"
        ),
    }


def test_hostile_datagrams_are_refused_or_dropped(attacker: Softphone) -> None:
    """Cases 11 and 14: NULs, bare CR, invalid UTF-8, 65,507 bytes, 70 Vias."""
    odd = []
    for name, raw in _datagrams(attacker).items():
        attacker.send(raw)
        answer = attacker.receive(0.3)
        if answer is not None and not (answer.status >= 400 or (answer.status == 200 and "utf-8" in name)):
            odd.append(f"{name}: {answer.start_line}")
    assert odd == []


def test_a_tcp_message_above_the_buffer_is_refused_and_closed(stream: Softphone) -> None:
    """Case 11: 16 KB and one byte."""
    good = sip.compose("OPTIONS sip:acme.example SIP/2.0", stream.headers("OPTIONS", "sip:acme.example"))
    try:
        stream.send(good.replace(b"User-Agent: ", b"User-Agent: " + b"u" * (16_385 - len(good))))
    except (BrokenPipeError, ConnectionResetError):
        return
    answer = stream.receive(1.0)
    assert answer is None or answer.status in (400, 413, 513)


@pytest.mark.parametrize("hops", ["0", "255", "x"])
def test_max_forwards_is_obeyed(attacker: Softphone, hops: str) -> None:
    """Case 14: 0 gets 483; nonsense is refused."""
    uri = "sip:101@acme.example"
    answer = attacker.silent("INVITE", uri, sip.with_header(attacker.headers("INVITE", uri), "Max-Forwards", hops))
    expected = {"0": (483,), "255": (400, 407, 483), "x": (400, 483)}[hops]
    assert answer is not None
    assert answer.status in expected


def test_a_refusal_is_quick(attacker: Softphone) -> None:
    """Case 13: 1,000 parts cost no more than 50 ms; ten times that is allowed on a machine that others use."""
    body = b"".join(b"--x\r\nContent-Type: text/plain\r\n\r\n%d\r\n" % number for number in range(1000)) + b"--x--\r\n"
    uri = "sip:101@acme.example"
    headers = [*attacker.headers("INVITE", uri), ("Content-Type", "multipart/mixed;boundary=x")]
    begun = time.monotonic()
    answer = attacker.silent("INVITE", uri, headers, body)
    assert answer is None or (400 <= answer.status < 600 and time.monotonic() - begun < 0.5)
