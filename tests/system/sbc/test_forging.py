"""Nobody is taken for somebody else at the SBC beside the core: the core knows whoever speaks through it by the own
address, whatever that one says (issue 6: "The core knows the real client address, and nobody can forge it").
"""

from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.browser import Browser
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport, dialog_of_caller, end_call
from ringfence.lab.webphone import WebPhone
from tests.system import forging
from tests.system.features.steps import branch_of
from tests.system.sbc.conftest import PAGE, SBC

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]
CORE = {Transport.UDP: 5060, Transport.TCP: 5063, Transport.TLS: 5061}
DOORS = [
    *((transport, address) for transport, address in SBC.items()),
    *((transport, (PBX_ADDRESS, port)) for transport, port in CORE.items()),
]
OTHERS = ("203.0.113.99", "127.0.0.1")
"""Somebody elsewhere, and the core itself, which is never blocked."""

OPTIONS = "OPTIONS sip:acme.example SIP/2.0"
PLAIN_PORTS = [5063, 5067]
TLS_PORTS = [5061, 5065]
WEB_PORTS = [8883, 8885, 8887, 10443]


def made(host: Host, door: tuple[Transport, tuple[str, int]], account: sip.Account) -> Softphone:
    transport, server = door
    if transport is Transport.WSS:
        return WebPhone(host, server, account, PAGE, "sip")
    return Softphone(host, server, account, transport)


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door[0]} {door[1][1]}")
def test_a_registration_is_of_whoever_sent_it(
    stranger: Any, pbx: Any, door: tuple[Transport, tuple[str, int]], who: str
) -> None:
    """By case, folding, white space, repetition, ends of lines, URIs and ways: none names another source or way."""
    host = stranger()
    for name, more, instead in forging.all_claims(who, "920"):
        with made(host, door, pbx.account("920")) as liar:
            forging.assert_registered_truly(pbx, liar, name, who, more, instead)
    assert not set(OTHERS) & banned(pbx)


def banned(pbx: Any) -> set[str]:
    return {one["address"] for one in pbx.product.bans()}


@pytest.mark.parametrize("transport", SBC, ids=str)
def test_a_call_and_its_answer_show_nobody_what_was_claimed(
    stranger: Any, phone: Any, pbx: Any, outside: Any, transport: Transport
) -> None:
    """Neither in the INVITE nor in the answers anything of it arrives inside, and both calls are as any other."""
    claimed = forging.everything(OTHERS[0])
    remote, inside = outside("921", transport), phone("922")
    uri, headers = remote.begin_call("922", claimed)
    invite = inside.request("INVITE")
    assert shown(invite) == []
    assert OTHERS[0] not in " ".join(value for header, value in invite.headers if header in ("via", "record-route"))
    dialog = inside.answer_call(invite)
    remote.call_answered(uri, headers)
    inside.request("ACK")
    assert end_call(inside, remote, dialog).status == 200
    _, headers = inside.begin_call("921", [("TH", "x")] * 3)
    invite = remote.request("INVITE")
    assert inside.address not in " ".join(value for _, value in invite.headers if "@" not in value)
    remote.answer_call(invite, claimed)
    answered = inside.final(branch_of(headers))
    assert shown(answered) == []
    dialog = dialog_of_caller(answered)
    inside.send(inside.in_dialog(dialog, "ACK"))
    remote.request("ACK")
    assert end_call(inside, remote, dialog).status == 200


def shown(message: sip.Message) -> list[str]:
    return [name for name, _ in message.headers if name.strip().startswith(("x-ringfence", "path"))]


@pytest.mark.parametrize("transport", SBC, ids=str)
def test_who_guesses_in_the_name_of_others_is_banned_and_they_are_not(
    stranger: Any, pbx: Any, transport: Transport
) -> None:
    """Reference: "Failed Authentication Protection"; case 65: neither a victim nor a member that is never blocked."""
    victim = stranger()
    pbx.account("923")
    pbx.set_security(failed_authentication_limit=3)
    try:
        for claimed in (victim.address, "127.0.0.1"):
            account = sip.Account("923", "acme.example", "wrong")
            host = stranger()
            with made(host, (transport, SBC[transport]), account) as liar:
                forging.guesses(liar, forging.everything(claimed))
            within(5, partial(pbx.product.in_kernel_set, host.address), "the own address is banned")
        assert not pbx.product.in_kernel_set(victim.address)
        assert not {victim.address, "127.0.0.1"} & banned(pbx)
    finally:
        pbx.set_security(failed_authentication_limit=50)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_no_port_believes_a_preamble(stranger: Any, pbx: Any, version: str) -> None:
    """PROXY protocol where nobody expects it: the message behind it is not answered as if it had not been there."""
    cases = [
        *((port, "plain") for port in PLAIN_PORTS),
        *((port, where) for port in (*TLS_PORTS, *WEB_PORTS) for where in ("before TLS", "inside TLS")),
    ]
    for port, where in cases:
        host, server = stranger(), (PBX_ADDRESS, port)
        preamble = forging.preambles(OTHERS[0], PBX_ADDRESS, port)[version]
        assert forging.answer_after(host, server, b"", asked(host, port), where), (port, "is answered without it")
        behind = forging.answer_after(host, server, preamble, asked(host, port), where)
        assert not behind.startswith((b"SIP/2.0 2", b"SIP/2.0 4", b"HTTP/1.1 2", b"HTTP/1.1 404")), (
            port,
            where,
            behind,
        )
    assert not set(OTHERS) & banned(pbx)


def asked(host: Any, port: int) -> bytes:
    if port in WEB_PORTS:
        return f"GET /sign-in HTTP/1.1\r\nHost: {PBX_ADDRESS}\r\nConnection: close\r\n\r\n".encode()
    transport = "TCP" if port in PLAIN_PORTS else "TLS"
    headers = [
        ("Via", f"SIP/2.0/{transport} {host.address}:5060;branch={sip.new_branch()};rport"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:924@acme.example>;tag={sip.new_token()}"),
        ("To", "<sip:acme.example>"),
        ("Call-ID", sip.new_token()),
        ("CSeq", "1 OPTIONS"),
        ("Contact", f"<sip:924@{host.address}:5060;transport={transport.lower()}>"),
    ]
    return sip.compose(OPTIONS, headers)


@pytest.mark.parametrize("port", [8883, 10443, 8887])
def test_a_page_knows_who_guesses_by_the_own_address(stranger: Any, pbx: Any, port: int) -> None:
    """Reference: "Login Security Controls"; case 64, in every word that proxies have for it."""
    attacker, victim = stranger(), stranger()
    guess = Browser(attacker, server=(PBX_ADDRESS, port), claims=forging.of_web(victim.address))
    pbx.set_security(web_failed_login_limit=3)
    try:
        for _ in range(5):
            guess.post("/sign-in", username="nobody@acme.example", password="wrong-Password1")
        within(5, lambda: attacker.address in banned(pbx), "banned by the own address")
        assert victim.address not in banned(pbx)
        assert Browser(victim, server=(PBX_ADDRESS, port)).get("/sign-in")[0] == 200
    finally:
        pbx.set_security(web_failed_login_limit=5)


def test_the_event_socket_counts_connections_by_the_own_address(stranger: Any) -> None:
    """Attack case 57 at 8885: who claims another address for each connection has no more places for it."""
    host = stranger()
    with ExitStack() as held:
        answers = [
            held.enter_context(forging.upgraded(host, (PBX_ADDRESS, 8885), forging.of_web(f"203.0.113.{number}")))
            for number in range(1, 41)
        ]
        assert b"101" in answers[0] and b"503" in answers[-1], answers
