"""Which places of an ICE agent the relay is told of (attack case 78; RFC 8445 section 19.5.1)."""

import pytest

from ringfence.policy.relay.candidates import MOST_AT_SOURCE, MOST_ELSEWHERE, OF_A_STREAM, bounded

HEAD = "v=0\r\nc=IN IP4 0.0.0.0\r\n"
STREAM = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
HERE = "198.51.100.7"


def at(address: str, port: int = 4000, rest: str = "typ host") -> str:
    return f"a=candidate:1 1 udp 2122260223 {address} {port} {rest}\r\n"


def named(body: str) -> int:
    return body.count("a=candidate")


@pytest.mark.parametrize("source", [HERE, "2001:db8::7", "[2001:db8::7]"])
def test_what_browsers_say_passes_as_it_is(source: str) -> None:
    place = source.strip("[]")
    rest = "typ srflx raddr 0.0.0.0 rport 0 generation 0 network-id 1"
    body = f"{HEAD}{STREAM}{at(place)}{at('192.168.1.5')}{at(place, 5000, rest)}a=end-of-candidates\r\n"
    assert bounded(body, source) == body
    assert bounded(HEAD, source) is HEAD


def test_elsewhere_are_few_in_each_stream_and_in_all() -> None:
    many = "".join(at(f"203.0.113.{number}") for number in range(50))
    assert named(bounded(HEAD + STREAM + many, HERE)) == OF_A_STREAM
    assert named(bounded(HEAD + (STREAM + many) * 20, HERE)) == MOST_ELSEWHERE
    assert named(bounded(many, HERE)) == OF_A_STREAM


def test_at_the_source_they_are_more_but_not_any_number() -> None:
    body = HEAD + STREAM + "".join(at(HERE, 4000 + number) for number in range(50)) + at("203.0.113.9")
    assert named(bounded(body, HERE)) == MOST_AT_SOURCE + 1


@pytest.mark.parametrize(
    "line",
    [
        f"a=candidate:1 1 tcp 9 {HERE} 9 typ host tcptype active",
        "a=candidate:1 1 udp 9 4f3c.local 4000 typ host",
        f"a=candidate:1 1 UDP 9\t{HERE} 203.0.113.9 4000 typ host",
        f"a=candidate:1 1 UDP 9  {HERE} 4000 typ host",
        f"a=candidate:1\t1 UDP 9 {HERE} 4000 typ host",
        f"a=candidate:1 1 UDP 9 {HERE}.9 4000 typ host",
        "a=candidate:1 1 UDP 9 1.2.3 4000 typ host",
        "a=candidate",
    ],
)
def test_what_another_might_read_differently_does_not_pass(line: str) -> None:
    assert bounded(f"{HEAD}{STREAM}{line}\r\na=mid:0\r\n", HERE) == f"{HEAD}{STREAM}a=mid:0\r\n"


def test_whoever_is_no_browser_has_none() -> None:
    assert bounded(f"{HEAD}{STREAM}{at(HERE)}a=mid:0\r\n", "") == f"{HEAD}{STREAM}a=mid:0\r\n"
