"""Where a phone is told to register, and whether to encrypt (issue 6.7; reference: port 8882, "IP Phone Security")."""

import pytest

from ringfence.hosts.sbc import Sbc, write_sbc
from ringfence.portal import places
from ringfence.portal.people.models import Extension
from tests.unit.portal.rest import Site
from tests.unit.portal.test_provisioning import add, fetch


@pytest.mark.parametrize(
    ("wish", "port"),
    [({"transport": "udp", "srtp": "off"}, 5066), ({"transport": "tcp", "srtp": "off"}, 5067), ({}, 5065)],
)
def test_a_phone_that_came_through_the_sbc_is_told_the_sbc(site: Site, wish: dict[str, str], port: int) -> None:
    """Reference: 8882, "IP Phone provisioning via SBC over HTTP": who comes from outside cannot reach the core."""
    made = add(site, opening="always", **wish)
    write_sbc(places.PATHS.sbc_switch, Sbc(enabled=True))
    try:
        outside = fetch(made["file"], host="sbc.example:8882", secure=False).content.decode()
        inside = fetch(made["file"], host="pbx.example:8887").content.decode()
    finally:
        places.PATHS.sbc_switch.unlink()
    without = fetch(made["file"], host="sbc.example:8882", secure=False).content.decode()
    assert "account.1.outbound_proxy.1.address = sbc.example\n" in outside
    assert f"account.1.outbound_proxy.1.port = {port}\n" in outside
    assert "server.url = http://sbc.example:8882/provisioning/" in outside
    for text in (inside, without):
        assert "account.1.outbound_proxy.1.address = sbc.example\n" not in text
        assert f"account.1.outbound_proxy.1.port = {port}\n" not in text


@pytest.mark.parametrize(
    ("own", "tenants", "chosen", "told"),
    [
        (None, "required", "off", 2),
        ("required", "off", "optional", 2),
        (None, "off", "required", 0),
        ("off", "required", "optional", 0),
        (None, "offered", "required", 2),
        (None, "offered", "off", 0),
    ],
)
def test_a_phone_is_told_to_encrypt_as_it_is_agreed(
    site: Site, own: str | None, tenants: str, chosen: str, told: int
) -> None:
    """Issue 6.7, "SRTP in the templates": its calls would be refused with 488 whatever else its own setting says."""
    made = add(site, srtp=chosen, opening="always")
    assert site.a.call("PATCH", f"tenants/{site.tenants['a']}/media", {"encryption": tenants})[0] == 200
    person = Extension.objects.get(number="101", tenant_id=site.tenants["a"]).person_id
    assert site.a.call("PUT", f"users/{person}/media", {"encryption": own})[0] == 200
    assert f"account.1.srtp_encryption = {told}\n" in fetch(made["file"]).content.decode()


def test_a_port_that_is_none_changes_nothing(site: Site) -> None:
    """What a phone says it came to is believed of nobody: its file is the usual one."""
    assert fetch(add(site)["file"], host="pbx.example:99999").status_code == 200
