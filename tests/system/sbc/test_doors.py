"""The SBC's own doors: packet rates (reference: "Level 1 and Level 2 Security"), portal 8883 and provisioning 8882."""

import time
from contextlib import suppress
from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from ringfence.lab.softphone import Transport, end_call, establish
from tests.system.transports.test_handshakes import broken, broken_hellos

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]


def test_the_sbcs_own_rate_drops_what_the_cores_rate_lets_through(stranger: Any, pbx: Any) -> None:
    """200 packets at once: over the SBC's level 1 of 50, far below the core's of 500."""
    pbx.set_security(sbc_level_1_packets=50, unknown_sources_enabled=False)
    try:
        within(
            5,
            lambda: "rate over 50/second" in pbx.product.nft("list", "chain", "inet", "ringfence", "sbc_sip_rates"),
            "the rate is in force",
        )
        for port, dropped in ((5060, False), (5066, True)):
            before = level_1_drops(pbx)
            flood(stranger(), port, 200)
            time.sleep(0.3)
            assert (level_1_drops(pbx) > before) is dropped, port
    finally:
        pbx.set_security(sbc_level_1_packets=500, unknown_sources_enabled=True)


def test_a_level_of_the_sbc_that_never_acts_is_refused(pbx: Any) -> None:
    with pytest.raises(Refused, match="never decide anything"):
        pbx.rest.patch("settings/security", sbc_level_1_packets=3000)


def test_strangers_that_say_nothing_are_sent_away_and_phones_stay(outside: Any, phone: Any) -> None:
    """Attack case 45 at the SBC: silent connections over TCP and TLS end, those that brought a registration last."""
    silent = [outside("606", transport, registered=False) for transport in (Transport.TCP, Transport.TLS)]
    lasting, inside = outside("606", Transport.TLS), phone("607")
    assert all(one.is_closed(45) for one in silent)
    dialog, _ = establish(inside, lasting)
    assert end_call(inside, lasting, dialog).status == 200


def level_1_drops(pbx: Any) -> int:
    listed = pbx.product.nft("list", "counter", "inet", "ringfence", "dropped_level_1")
    return int(listed.split("packets ")[1].split()[0])


def flood(host: Host, port: int, packets: int) -> None:
    with host.udp() as sock:
        for _ in range(packets):
            sock.sendto(b"\r\n\r\n", (PBX_ADDRESS, port))


def test_the_sbcs_portal_serves_its_own_page_alone(stranger: Any, pbx: Any) -> None:
    """8883 over HTTPS: signing in and the SBC's page; no other page, no REST API."""
    host = stranger()
    assert fetch(host, "https", 8883, "/").startswith("302 ")
    assert fetch(host, "https", 8883, "/sign-in").startswith("200 ")
    for path in ("/users", "/api/v1/openapi.json", "/security/web-login", "/setup"):
        assert fetch(host, "https", 8883, path).startswith("404 "), path
    assert fetch(host, "https", 8883, "/sbc").startswith("302 ")
    found = pbx.rest.get("sbc")
    assert found["enabled"] and found["link_up"] and all(one["listening"] for one in found["transports"])
    keys = [opening["key"] for opening in pbx.rest.get("firewall-plan")["openings"]]
    assert {"sbc-udp-5066", "sbc-tcp-5067", "sip-wss-5065", "sbc-rtp", "sbc-portal"} <= set(keys)
    assert not {"5068", "5069"} & {key.rpartition("-")[2] for key in keys}


def test_provisioning_through_the_sbc_is_http_by_explicit_choice_only(stranger: Any, pbx: Any) -> None:
    """Reference: 8882, "IP Phone provisioning via SBC over HTTP"; closed until somebody opens it."""
    host = stranger()
    assert fetch(host, "http", 8882, "/provisioning/x") == "closed"
    pbx.rest.patch("settings/web-access", sbc_provisioning_http=True)
    try:
        assert fetch(host, "http", 8882, "/provisioning/x").startswith("404 ")
        for path in ("/sign-in", "/api/v1/openapi.json", "/"):
            assert fetch(host, "http", 8882, path).startswith("404 "), path
        assert "sbc-provisioning" in [opening["key"] for opening in pbx.rest.get("firewall-plan")["openings"]]
    finally:
        pbx.rest.patch("settings/web-access", sbc_provisioning_http=False)
    within(5, lambda: fetch(host, "http", 8882, "/provisioning/x") == "closed", "it is closed again")


def test_broken_handshakes_at_the_sbcs_web_doors_end_no_process(stranger: Any, pbx: Any) -> None:
    """Case 83 at 8883 and 8882: a thousand at each, and both answer as before."""
    host, hellos = stranger(), broken_hellos()
    pbx.rest.patch("settings/web-access", sbc_provisioning_http=True)
    try:
        within(5, lambda: fetch(host, "http", 8882, "/provisioning/x").startswith("404 "), "the door is open")
        before = pbx.product.process_ids()
        for port in (8883, 8882):
            for number in range(1_000):
                with host.tcp() as link, suppress(OSError):
                    broken(link, hellos[number % len(hellos)], port)
        assert fetch(host, "https", 8883, "/sign-in").startswith("200 ")
        assert fetch(host, "http", 8882, "/provisioning/x").startswith("404 ")
        assert pbx.product.process_ids() == before
    finally:
        pbx.rest.patch("settings/web-access", sbc_provisioning_http=False)


def fetch(host: Host, scheme: str, port: int, path: str) -> str:
    """Status line without the version, or `closed`."""
    done = host.run(
        "curl", "-sk", "-o", "/dev/null", "-m", "20", "-w", "%{http_code} %{redirect_url}",
        f"{scheme}://{PBX_ADDRESS}:{port}{path}", check=False, timeout=30,
    )  # fmt: skip
    return "closed" if done.returncode == 7 else done.stdout
