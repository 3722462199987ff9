"""A phone at an SBC on a host of its own is shown that host alone, by the address that it knows, in one packet (issue
6: "topology hiding"; reference: "Cloud Deployment Best Practices").
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.sip import Message
from ringfence.lab.softphone import Softphone, Transport, dialog_of_caller, end_call
from tests.system.features.steps import branch_of
from tests.system.sbc.test_one_packet import HEADERS_AT_MOST, asked_again, size

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("far", "oracle")]
PUBLIC: Final = "203.0.113.62"
THE_CORE: Final = re.compile(rf"(?<![\d.]){re.escape(PBX_ADDRESS)}(?!\d)")


def called(inside: Softphone, remote: Softphone) -> Message:
    """The INVITE that reaches the one outside, in a call in which both sides ask again."""
    _, headers = inside.begin_call(remote.account.user)
    invite = remote.request("INVITE")
    theirs = remote.answer_call(invite)
    ours = dialog_of_caller(inside.final(branch_of(headers)))
    inside.send(inside.in_dialog(ours, "ACK"))
    remote.request("ACK")
    asked_again(inside, remote, ours)
    asked_again(remote, inside, theirs)
    assert end_call(remote, inside, theirs).status == 200
    return invite


def answered(remote: Softphone, inside: Softphone) -> Message:
    """The answer that the one outside hears, in a call in which both sides ask again."""
    _, headers = remote.begin_call(inside.account.user)
    theirs = inside.answer_call(inside.request("INVITE"))
    heard = remote.final(branch_of(headers))
    ours = dialog_of_caller(heard)
    remote.send(remote.in_dialog(ours, "ACK"))
    inside.request("ACK")
    asked_again(remote, inside, ours)
    asked_again(inside, remote, theirs)
    assert end_call(inside, remote, theirs).status == 200
    return heard


def assert_shows(message: Message, address: str) -> None:
    (way,) = message.all("record-route")
    assert f"<sip:{address}:" in way and f"<sip:{address};" in message.header("contact")
    told = "\n".join(value for name, value in message.headers if name in ("via", "record-route", "contact"))
    assert not THE_CORE.search(told)
    assert size(message) <= HEADERS_AT_MOST
    assert f"c=IN IP4 {address}".encode() in message.body


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP, Transport.TLS], ids=str)
def test_what_a_phone_at_the_far_sbc_is_sent_fits_one_packet(
    far: Any, outside: Any, phone: Any, transport: Transport
) -> None:
    """Neither the core nor the link is named to it, and calls in both directions are whole."""
    remote, inside = outside("996", transport), phone("995")
    assert_shows(called(inside, remote), far.host.address)
    assert_shows(answered(remote, inside), far.host.address)


@pytest.fixture
def translated(far: Any, stranger: Any) -> Iterator[Host]:
    """A host from which the SBC is reached under its public address alone."""
    host = stranger()
    host.run("nft", "add", "table", "ip", "router")
    host.run("nft", "add", "chain", "ip", "router", "out", "{ type nat hook output priority -100; }")
    host.run("nft", "add", "rule", "ip", "router", "out", "ip", "daddr", PUBLIC, "dnat", "to", far.host.address)
    host.run("ip", "route", "add", f"{PUBLIC}/32", "via", far.host.address)
    told_as(far, PUBLIC)
    yield host
    told_as(far, "none")


def told_as(far: Any, address: str) -> None:
    """As an administrator does it (docs/sbc.md)."""
    done = far.edge.command("public-address", address)
    assert done.returncode == 0, done.stderr
    far.edge.stop()
    far.edge.start()


def test_a_phone_outside_is_told_the_public_address_of_the_sbcs_host(far: Any, translated: Host, phone: Any) -> None:
    """What it sends within a call goes where it was told; the inner address leads nowhere from there."""
    inside = phone("995")
    for transport, port in ((Transport.UDP, 5066), (Transport.TCP, 5067)):
        with Softphone(translated, (PUBLIC, port), far.pbx.account("996"), transport) as remote:
            assert remote.register().status == 200
            assert_shows(called(inside, remote), PUBLIC)
            assert_shows(answered(remote, inside), PUBLIC)
