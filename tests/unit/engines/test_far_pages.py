"""Web pages through the SBC's host (issue 6, docs/adr/0065): which doors there are, what is behind them."""

from dataclasses import replace

import pytest

from ringfence.engines.free_ports import endpoints
from ringfence.engines.listeners import WebAccess
from ringfence.engines.nginx import render_far_web, render_web
from ringfence.hosts.firewall.openings import Configured, plan_of
from ringfence.hosts.sbc import Sbc
from ringfence.hosts.transports import Protocol, SipTransport, TransportRefused, checked
from tests.unit.engines.systems import a_system

CORE_ADDRESS, SBC_ADDRESS = "192.0.2.1", "198.51.100.2"
CORE = replace(a_system(), sbc=Sbc(far=SBC_ADDRESS, here=CORE_ADDRESS))
EDGE = replace(a_system(), sbc=Sbc(enabled=True, core=CORE_ADDRESS, here=SBC_ADDRESS))
OPEN = WebAccess(sbc_provisioning_http=True)


def link_server(text: str) -> str:
    return text.split(f"listen {CORE_ADDRESS}:5074 ssl;")[1].split("    server {")[0]


def test_the_core_hears_the_enrolled_host_alone_and_believes_it_about_addresses() -> None:
    server = link_server(render_web(CORE))
    assert "ssl_verify_client on;" in server and 'ssl_client_certificate "/var/lib/ringfence/link/web/auth' in server
    assert f"set_real_ip_from {SBC_ADDRESS};" in server and "real_ip_header X-Ringfence-Client;" in server
    assert 'if ($ssl_client_s_dn != "CN=Ringfence sbc")' in server
    assert 'proxy_set_header X-Ringfence-Client "";' in server
    elsewhere = render_web(CORE).replace(server, "")
    assert "real_ip_header" not in elsewhere


def test_without_a_far_sbc_nobody_is_believed() -> None:
    for system in (a_system(), replace(a_system(), sbc=Sbc(enabled=True))):
        text = render_web(system)
        assert "5074" not in text and "real_ip" not in text and "x_ringfence" not in text


def test_the_core_says_what_is_behind_a_door_as_it_does_beside_an_sbc() -> None:
    """A taken SBC's host opens no page of administrators; provisioning is closed until somebody opens it."""
    beside = render_web(replace(a_system(), sbc=Sbc(enabled=True)))
    far = render_web(CORE)
    for page in ("^/(sbc|sign-in", "^/(phone|phone/"):
        listed = next(line for line in beside.splitlines() if page in line).split("~ ")[1].removesuffix(" {")
        assert f"~{listed.strip()}" in far
    assert "provisioning $file_of_phone;" not in far
    assert "provisioning $file_of_phone;" in render_web(replace(CORE, web=OPEN))


def test_the_sbcs_host_has_three_doors_and_no_other() -> None:
    text = render_far_web(replace(EDGE, web=OPEN))
    listening = sorted(
        {line.split()[1].rpartition(":")[2].rstrip(";") for line in text.splitlines() if "listen " in line}
    )
    assert listening == ["10443", "8882", "8883"]
    assert "8882" not in render_far_web(EDGE)
    assert text.count("proxy_pass https://core;") == 3 and "alias" not in text


def test_what_clients_claim_is_not_passed_on() -> None:
    text = render_far_web(EDGE)
    for header, value in (
        ("X-Ringfence-Client", "$remote_addr"),
        ("X-Ringfence-Door", "$door"),
        ("X-Forwarded-For", '""'),
    ):
        assert f"proxy_set_header {header} {value};" in text
    assert "proxy_ssl_verify on;" in text and 'proxy_ssl_name "Ringfence core";' in text
    assert f"server {CORE_ADDRESS}:5074" in text and f"proxy_bind {SBC_ADDRESS};" in text


def test_the_ports_of_the_doors_are_the_sbcs_hosts() -> None:
    edge = {(str(one.address), one.port) for one in endpoints(EDGE, frozenset({"web"}))}
    assert edge == {("0.0.0.0", 8883), ("0.0.0.0", 10443)}
    core = {one.port for one in endpoints(replace(CORE, web=OPEN), frozenset({"web"}))}
    assert core == {8887, 10443, 8885, 5074}


def test_the_firewall_plan_opens_the_link_to_that_host_alone() -> None:
    plan = plan_of(Configured(sip=(), web_services=(), far_sbc=SBC_ADDRESS))
    links = {one.first: one.sources for one in plan.openings if one.key.startswith("sbc-link")}
    assert links == dict.fromkeys((5068, 5072, 5073, 5074), (f"{SBC_ADDRESS}/32",))


@pytest.mark.parametrize("port", [5068, 5069, 5072, 5073, 5074])
def test_no_transport_takes_a_port_of_the_link(port: int) -> None:
    with pytest.raises(TransportRefused):
        checked((SipTransport(Protocol.TLS, port),))
