"""Reference "Separate Voice and Data Traffic": a provider's dedicated connection on a link of its own (ADR 62)."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab import sip, tone
from ringfence.lab.network import Host
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.provider import Provider, registration_of
from ringfence.lab.rest import Refused
from ringfence.lab.sip import Account, Message
from ringfence.lab.softphone import Dialog, Softphone, Transport, dialog_of_caller

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("oracle")]

LINK: Final = "ngn0"
HERE: Final = "10.90.0.1"
DOMAIN: Final = "ngn.example"
INSIDE: Final = re.compile(r"10\.77\.\d+\.\d+|fd77:")
"""What the provider must not see: the other network."""

PHONE, NEIGHBOUR = "731", "732"
NUMBER: Final = "+493012371"
OUTSIDE: Final = "+498912345678"
RTP: Final = 40_000


def on_link(lab: Any, host: Host, number: int) -> Host:
    """The host with a second link, on a bridge of its own; as it is reached there."""
    lab.wire("link", "add", f"n{number}", "type", "veth", "peer", "name", LINK, "netns", host.namespace)
    lab.wire("link", "set", f"n{number}", "master", "br90", "up")
    host.run("ip", "address", "add", f"10.90.0.{number}/24", "dev", LINK)
    host.run("ip", "link", "set", LINK, "up")
    return replace(host, address=f"10.90.0.{number}")


def apart(lab: Any, name: str, number: int) -> Host:
    """A host that reaches nothing but the dedicated link."""
    host = on_link(lab, lab.host(name, number), number)
    host.run("ip", "link", "set", "eth0", "down")
    return host


class Carrier(Softphone):
    """A scripted provider: one UDP socket on the link."""

    def __init__(self, host: Host, port: int = 5060) -> None:
        super().__init__(host, (HERE, 5060), Account("+4989777", "carrier.example", "none"), local_port=port)

    def call(self, number: str) -> tuple[str, sip.Headers]:
        """The URI and the headers of the INVITE that was sent."""
        uri = f"sip:{number}@{HERE}"
        content, body = self.offer()
        headers = [*self.headers("INVITE", uri), *content]
        self.send(sip.compose(f"INVITE {uri} SIP/2.0", headers, body))
        return uri, headers

    def cancel(self, uri: str, headers: sip.Headers) -> None:
        """RFC 3261 section 9.1: the Request-URI and the branch of what is cancelled."""
        kept = [(name, value) for name, value in headers if name in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
        number = dict(headers)["CSeq"].split()[0]
        self.send(sip.compose(f"CANCEL {uri} SIP/2.0", [*kept, ("CSeq", f"{number} CANCEL")]))

    def outcome(self, headers: sip.Headers) -> Message:
        """The final answer to the INVITE, not to its CANCEL."""
        branch = sip.parse(sip.compose("X x SIP/2.0", headers)).branch
        answer = self.final(branch, 10)
        return self.final(branch, 10) if answer.method == "CANCEL" else answer


@pytest.fixture(scope="module")
def hosts(pbx: Any, lab: Any) -> Iterator[tuple[Host, Host]]:
    """The provider's hosts."""
    for words in (("link", "add", "br90", "type", "bridge"), ("link", "set", "br90", "up")):
        lab.wire(*words)
    on_link(lab, pbx.product.host, 1)
    yield apart(lab, "ngn", 77), apart(lab, "ngncarrier", 78)
    pbx.product.host.run("ip", "link", "delete", LINK)


@pytest.fixture(scope="module")
def nobody_there(hosts: tuple[Host, Host]) -> dict[str, Any]:
    """What was heard on the link before a transport was on it."""
    with Carrier(hosts[1]) as one:
        silent = one.silent("OPTIONS", f"sip:{HERE}", one.headers("OPTIONS", f"sip:{HERE}"))
    return {"udp": silent, "sip_tcp": open_tcp(hosts[1])}


def open_tcp(host: Host) -> list[int]:
    """Which TCP ports of the reference's table answer there: nmap's connect scan."""
    scan = host.run("nmap", "-n", "-Pn", "-sT", "-p", "5060-5070", "-oG", "-", HERE, timeout=30).stdout
    return [int(port) for port in re.findall(r"(\d+)/open/tcp", scan)]


def core_is_back(pbx: Any) -> None:
    """All of its processes, not only its sockets: others count them."""
    within(30, lambda: pbx.product.is_ready("core"), "the core is back")

    def steady() -> bool:
        before = pbx.product.core_workers()
        time.sleep(0.5)
        return bool(pbx.product.core_workers() == before)

    within(30, steady, "no process comes any more")


@pytest.fixture(scope="module")
def transport(pbx: Any, hosts: Any, nobody_there: Any) -> Iterator[dict[str, Any]]:
    """UDP 5060 on the link, beside the same on the usual address."""
    relay = pbx.product.process_ids()["media"]
    made: dict[str, Any] = pbx.rest.post("transports", protocol="udp", port=5060, link=LINK, interrupt_calls=True)
    within(20, lambda: pbx.product.process_ids()["media"] not in (0, relay), "the relay knows the link")
    within(20, lambda: pbx.product.is_ready("media"), "it is ready")
    core_is_back(pbx)
    yield made
    pbx.rest.delete(f"transports/{made['name']}")
    core_is_back(pbx)


@pytest.fixture(scope="module")
def provider(hosts: tuple[Host, Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(hosts[0], tmp_path_factory.mktemp("ngn")) as one:
        yield one


@pytest.fixture(scope="module")
def routed(pbx: Any, transport: Any, hosts: tuple[Host, Host], provider: Provider) -> Iterator[dict[str, Any]]:
    """A trunk that registers at the provider and one to the carrier, both on the link; everything outside goes to the
    first, and a number of each leads to the phone."""
    made = pbx.product.create_tenant("NGN", DOMAIN)
    user, tenant, rest = pbx.product.create_user(made, PHONE), {"tenant_id": made["id"]}, pbx.rest
    rest.patch(f"users/{user['id']}", role="Standard International User")
    trunk = rest.post("trunks", **{**provider.registration("NGN"), "link": LINK})
    script = {"hosts": [{"host": hosts[1].address, "port": 5060}], "sources": [{"cidr": hosts[1].address, "port": 0}]}
    carrier = {"name": "NGN script", "kind": "address", "domain": "carrier.example", "keepalive": 0, **script}
    other = rest.post("trunks", **carrier, default_number="+493012300", numbers=["+4930123*"], link=LINK)
    rule = rest.post("outbound-rules", **tenant, name="NGN", order=1, routes=[{"trunk_id": trunk["id"]}])
    rest.post("allowed-country-codes", **tenant, country="DE")
    made_here = [f"tenants/{made['id']}", f"trunks/{other['id']}", f"trunks/{trunk['id']}"]
    for owner, first in ((trunk["id"], NUMBER), (other["id"], "+493012372")):
        pool = rest.post("number-pools", **tenant, trunk_id=owner, first=first, last=first)
        leads = {**tenant, "name": f"NGN {first}", "first": first, "destination": f"extension:{PHONE}"}
        made_here += [f"number-pools/{pool['id']}", f"inbound-rules/{rest.post('inbound-rules', **leads)['id']}"]
    made_here.append(f"outbound-rules/{rule['id']}")
    account = Account(PHONE, DOMAIN, user["sip_secret"])
    neighbour = Account(NEIGHBOUR, DOMAIN, pbx.product.create_user(made, NEIGHBOUR)["sip_secret"])
    yield {
        "trunk": trunk,
        "carrier": other,
        "rule": f"outbound-rules/{rule['id']}",
        "account": account,
        "neighbour": neighbour,
    }
    for path in reversed(made_here):
        rest.delete(path)


def refusal(pbx: Any, method: str, path: str, values: dict[str, Any] | None = None) -> tuple[str, str]:
    """The field and the rule."""
    with pytest.raises(Refused) as caught:
        pbx.rest.call(method, path, values)
    return caught.value.problem["field"], caught.value.problem["error_id"]


def test_nothing_is_heard_on_a_link_without_a_transport(nobody_there: dict[str, Any]) -> None:
    """Group N: the usual transports, on every port of the table, are not on the provider's link."""
    assert nobody_there == {"udp": None, "sip_tcp": []}


def test_the_transport_is_heard_there_and_what_cannot_be_is_refused(
    pbx: Any, transport: dict[str, Any], hosts: tuple[Host, Host], routed: dict[str, Any]
) -> None:
    """The same port on two links; every refusal names its field. Others of the usual ports stay closed on the link."""
    assert (transport["name"], transport["addresses"]) == (f"udp-5060@{LINK}", [HERE])
    assert transport in pbx.rest.get("transports")["items"]
    with Carrier(hosts[1], 5066) as one:
        assert one.options(f"sip:{HERE}").status in (200, 401, 403, 404, 407)
    assert open_tcp(hosts[1]) == []
    for body, field, rule in (
        ({"link": "ngn7"}, "link", "transport.no_link"),
        ({"link": "eth0"}, "link", "transport.usual_link"),
        ({"link": HERE}, "link", "transport.link"),
        ({"link": LINK, "port": 5060}, "port", "transport.exists"),
        ({"link": LINK, "port": 5066}, "port", "transport.taken"),
    ):
        wanted = {"protocol": "udp", "port": 5099, **body}
        assert refusal(pbx, "POST", "transports", wanted) == (field, rule)
    assert refusal(pbx, "DELETE", f"transports/{transport['name']}") == ("port", "transport.used")
    assert refusal(pbx, "PATCH", f"trunks/{routed['trunk']['id']}", {"link": "ngn7"}) == ("link", "trunk.link")
    plan = {one["key"]: one for one in pbx.rest.get("firewall-plan")["openings"]}
    assert plan["sip-udp-5060-at-10-90-0-1"]["destinations"] == [f"{HERE}/32"]


def test_calls_over_the_link_have_audio_both_ways(
    pbx: Any, lab: Any, provider: Provider, routed: dict[str, Any], tmp_path: Path
) -> None:
    """The registration's Contact is the link's address, so is the way of calls in; SIP and SDP name no other."""
    within(20, lambda: registration_of(pbx.rest, routed["trunk"]["id"]) == "registered", "it is registered")
    with Baresip(lab.host("ngnphone", 79), tmp_path / "a", routed["account"], frequency=400) as phone:
        phone.wait_registered()
        phone.dial(OUTSIDE)
        phone.wait_for("CALL_ESTABLISHED", timeout=15)
        time.sleep(3)
        phone.hang_up()
        phone.wait_for("CALL_CLOSED")
        within(10, lambda: provider.requests("BYE"), "the provider hears of the end")
        echo = tone.listen(phone.recording, 400)
        assert echo.is_whole, echo
        call = provider.call_in(NUMBER, "+4989777", tmp_path / "sound.alaw")
        assert call.wait(25) == 0
        phone.wait_for("CALL_CLOSED")
        heard = tone.listen(phone.recording, 500)
        assert heard.is_whole, heard
    told = provider.messages()
    assert any(f"@{HERE}:5060;transport=udp" in one for one in told if one.startswith("REGISTER"))
    assert any(f"c=IN IP4 {HERE}" in one for one in told if one.startswith("INVITE"))
    assert [one for one in told if INSIDE.search(one)] == []
    assert f"udp:{HERE}:5060" in provider.requests("INVITE")


def seen(*messages: Message) -> None:
    """Nothing of the other network is in what came over the link, and the way back is the link's address."""
    for one in messages:
        text = one.raw.decode()
        assert not INSIDE.findall(text), text
        if one.all("contact"):
            assert HERE in one.header("contact"), text
        if one.body:
            assert sip.media_address(one.body)[0] == HERE


@pytest.fixture
def desk(lab: Any, routed: dict[str, Any]) -> Iterator[Softphone]:
    """The phone on the usual network."""
    with Softphone(lab.host("ngndesk", 80), ("10.77.0.1", 5060), routed["account"], Transport.UDP) as one:
        one.register(expires=0, contact="*")
        within(10, lambda: one.register().status == 200, "it registers")
        yield one


def test_a_call_in_is_renewed_and_ended_from_both_sides(
    routed: dict[str, Any], hosts: tuple[Host, Host], desk: Softphone
) -> None:
    """CANCEL, re-INVITE of either side, BYE of the provider; a stranger's INVITE at the link's address is refused."""
    with Carrier(hosts[1]) as carrier:
        uri, headers = carrier.call("+493012372")
        ringing = desk.request("INVITE", 10)
        desk.respond(ringing, 180, "Ringing", "desk")
        carrier.cancel(uri, headers)
        desk.respond(desk.request("CANCEL", 10), 200, "OK")
        desk.respond(ringing, 487, "Request Terminated", "desk")
        cancelled = carrier.outcome(headers)
        assert cancelled.status == 487
        desk.request("ACK", 10)
        carrier.send_ack(cancelled, uri, headers)

        uri, headers = carrier.call("+493012372")
        theirs = desk.answer_call(desk.request("INVITE", 10))
        answer = carrier.outcome(headers)
        seen(answer)
        ours = dialog_of_caller(answer)
        carrier.send(carrier.in_dialog(ours, "ACK"))
        desk.request("ACK", 10)
        renew(carrier, ours, desk)
        renew(desk, theirs, carrier)
        raw = carrier.in_dialog(ours, "BYE")
        carrier.send(raw)
        desk.respond(desk.request("BYE", 10), 200, "OK")
        assert carrier.final(sip.parse(raw).branch, 10).status == 200


def renew(asker: Softphone, dialog: Dialog, other: Softphone) -> None:
    """A new offer of one side, answered by the other; what the carrier sees of it is looked at."""
    raw = asker.in_dialog(dialog, "INVITE", [("Content-Type", "application/sdp")], sip.sdp(asker.address, RTP + 2))
    asker.send(raw)
    offered = other.request("INVITE", 10)
    other.respond(offered, 200, "OK", body=sip.sdp(other.address, RTP + 4))
    answer = asker.final(sip.parse(raw).branch, 10)
    assert (answer.status, answer.header("call-id")) == (200, dialog.call_id)
    asker.send(asker.in_dialog(dialog, "ACK"))
    other.request("ACK", 10)
    seen(answer if isinstance(asker, Carrier) else offered)


def test_a_call_out_is_answered_renewed_and_ended(
    pbx: Any, routed: dict[str, Any], hosts: tuple[Host, Host], desk: Softphone
) -> None:
    """Over the scripted carrier: the INVITE leaves from the link, and the phone's BYE and new offers find the way."""
    pbx.rest.patch(routed["rule"], routes=[{"trunk_id": routed["carrier"]["id"]}])
    with Carrier(hosts[1]) as carrier:
        uri, headers = desk.begin_call(OUTSIDE)
        invite = carrier.request("INVITE", 10)
        seen(invite)
        assert invite.all("via")[0].startswith(f"SIP/2.0/UDP {HERE}")
        theirs = carrier.answer_call(invite)
        ours = desk.call_answered(uri, headers, 10)
        assert sip.media_address(ours.body)[0] == "10.77.0.1"
        carrier.request("ACK", 10)
        renew(desk, ours, carrier)
        renew(carrier, theirs, desk)
        raw = carrier.in_dialog(theirs, "BYE")
        carrier.send(raw)
        desk.respond(desk.request("BYE", 10), 200, "OK")
        ended = carrier.final(sip.parse(raw).branch, 10)
        seen(ended)
        assert (ended.status, ended.header("call-id")) == (200, theirs.call_id)


def test_a_phone_on_the_link_and_one_elsewhere_have_sound_where_each_of_them_is(
    pbx: Any, routed: dict[str, Any], hosts: tuple[Host, Host], desk: Softphone
) -> None:
    """A link may be an office's as well: SIP, SDP and the way of a BYE are those of each side's network."""
    with Softphone(hosts[1], (HERE, 5060), routed["neighbour"]) as neighbour:
        assert neighbour.register().status == 200
        uri, headers = desk.begin_call(NEIGHBOUR)
        invite = neighbour.request("INVITE", 10)
        theirs = neighbour.answer_call(invite)
        ours = desk.call_answered(uri, headers, 10)
        neighbour.request("ACK", 10)
        assert (sip.media_address(invite.body)[0], sip.media_address(ours.body)[0]) == (HERE, "10.77.0.1")
        assert invite.all("via")[0].startswith(f"SIP/2.0/UDP {HERE}")
        assert HERE in theirs.routes[0] and "10.77.0.1" in ours.routes[0]
        raw = neighbour.in_dialog(theirs, "BYE")
        neighbour.send(raw)
        desk.respond(desk.request("BYE", 10), 200, "OK")
        assert neighbour.final(sip.parse(raw).branch, 10).status == 200


def test_a_provider_is_asked_over_tcp_from_the_link(pbx: Any, provider: Provider, routed: dict[str, Any]) -> None:
    """Another protocol on the same link: the connection for keep-alives leaves from it."""
    made = pbx.rest.post("transports", protocol="tcp", port=5063, link=LINK)
    try:
        core_is_back(pbx)
        provider.forget()
        pbx.rest.patch(f"trunks/{routed['trunk']['id']}", transport="tcp")
        within(
            30, lambda: [one for one in provider.requests("OPTIONS") if one.startswith(f"tcp:{HERE}:")], "it is asked"
        )
    finally:
        pbx.rest.patch(f"trunks/{routed['trunk']['id']}", transport="udp")
        pbx.rest.delete(f"transports/{made['name']}")
        core_is_back(pbx)


def test_the_providers_address_on_another_link_is_a_stranger(
    pbx: Any, routed: dict[str, Any], lab: Any, desk: Softphone
) -> None:
    """Who sends from the usual network with the address of the provider on the dedicated link is not believed."""
    forger = lab.host("ngnforger", 99)
    forger.run("ip", "address", "add", "10.90.0.78/32", "dev", "eth0")
    uri = f"sip:+493012372@{HERE}"
    with Softphone(
        forger, ("10.77.0.1", 5060), Account("+4989777", "carrier.example", "none"), local_address="10.90.0.78"
    ) as one:
        content, body = one.offer()
        one.send(sip.compose(f"INVITE {uri} SIP/2.0", [*one.headers("INVITE", uri), *content], body))
    assert [one for one in desk.requests_within(1.5) if one.method == "INVITE"] == []
