"""Reference "Separate Voice and Data Traffic" and "Cloud Deployment Best Practices", from the next start on."""

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.product import Product, within
from ringfence.lab.provider import Provider
from ringfence.lab.softphone import Softphone, Transport, end_call

pytestmark = pytest.mark.system
LINK: Final = "eth1"
OUTER: Final = "10.89.0.1"
PUBLIC: Final = "203.0.113.9"
USUAL: Final = "10.77.0.1"


def on_link(lab: Any, host: Host, number: int) -> Host:
    """A second link of this host, on a bridge of its own; the host as it is reached there."""
    lab.wire("link", "add", f"o{number}", "type", "veth", "peer", "name", LINK, "netns", host.namespace)
    lab.wire("link", "set", f"o{number}", "master", "br89", "up")
    address = f"10.89.0.{number}"
    host.run("ip", "address", "add", f"{address}/24", "dev", LINK)
    host.run("ip", "link", "set", LINK, "up")
    return replace(host, address=address)


def start_anew(product: Product) -> None:
    token = product.rest.token
    product.stop()
    product.start()
    product.rest.token = token


@pytest.fixture(scope="module")
def phones(pbx: Any, lab: Any) -> Iterator[tuple[Softphone, Softphone]]:
    """Two phones on the link that SIP was put on."""
    lab.wire("link", "add", "br89", "type", "bridge")
    lab.wire("link", "set", "br89", "up")
    on_link(lab, pbx.product.host, 1)
    hosts = [on_link(lab, lab.host(name, number), number) for name, number in (("ocaller", 97), ("ocallee", 98))]
    accounts = pbx.account("685"), pbx.account("686")
    told = pbx.rest.patch("settings/voice-network", signalling_on=LINK, interrupt_calls=True)
    assert told["signalling_on"] == LINK
    assert pbx.product.command("public-address", PUBLIC).returncode == 0
    start_anew(pbx.product)
    with (
        Softphone(hosts[0], (OUTER, 5060), accounts[0]) as caller,
        Softphone(hosts[1], (OUTER, 5063), accounts[1], Transport.TCP) as callee,
    ):
        for one in (caller, callee):
            within(30, lambda one=one: one.register().status == 200, "it registers on the link")
        yield caller, callee


def test_sip_is_heard_on_the_link_it_was_put_on_and_nowhere_else(pbx: Any, phones: Any, lab: Any) -> None:
    """The phones registered there; at the other addresses of the machine nobody listens, over UDP, TCP or IPv6."""
    assert {f"sip:{row['aor']}" for row in pbx.product.registrations()} >= {one.account.aor for one in phones}
    usual = replace(phones[0].host, address=lab.host("ocaller", 97).address)
    for address, local in ((USUAL, usual.address), (pbx.product.host.address6, usual.address6)):
        with Softphone(usual, (address, 5060), phones[0].account, local_address=local) as one:
            assert one.silent("OPTIONS", "sip:acme.example", one.headers("OPTIONS", "sip:acme.example")) is None
        with usual.tcp(0, local) as link, pytest.raises(ConnectionRefusedError):
            link.connect((address, 5063))


def test_the_public_address_is_what_others_are_told(phones: Any) -> None:
    """Via, Record-Route and SDP name it, in requests and in answers, and never the address behind it."""
    caller, callee = phones
    uri, headers = caller.begin_call("686")
    invite = callee.request("INVITE")
    callee.answer_call(invite)
    dialog = caller.call_answered(uri, headers)
    callee.request("ACK")
    for name in ("via", "record-route"):
        assert PUBLIC in invite.header(name), invite.header(name)
    for body in (invite.body, dialog.body):
        assert sip.media_address(body)[0] == PUBLIC
    assert f"c=IN IP4 {PUBLIC}" in invite.body.decode()
    assert PUBLIC in "".join(dialog.routes)
    told = invite.raw.decode() + dialog.body.decode() + "".join(dialog.routes)
    assert not re.search(rf"{re.escape(OUTER)}\b", told), told
    assert end_call(caller, callee, dialog).status == 200


def test_a_provider_is_told_the_public_address_to_call(pbx: Any, lab: Any, phones: Any) -> None:
    """The Contact of the registration of a trunk, and its Via: what the provider calls back."""
    provider = replace(lab.host("ocallee", 98), address="10.89.0.98")
    contract = Provider(provider, Path("unused")).registration("Outer")
    with provider.udp(5060) as sock:
        sock.settimeout(20)
        made = pbx.rest.post("trunks", **contract)
        try:
            register = within(20, lambda: registration(sock), "the system registers")[0]
        finally:
            pbx.rest.delete(f"trunks/{made['id']}")
    for name in ("contact", "via"):
        assert PUBLIC in register.header(name), register.header(name)


def registration(sock: socket.socket) -> sip.Message | None:
    message = sip.parse(sock.recv(65_535))
    return message if message.method == "REGISTER" else None
