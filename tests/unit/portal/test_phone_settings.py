"""What a person types into a phone, or scans (issue 6: QR codes, TLS-only tenants)."""

from ringfence.portal.people.models import Person
from ringfence.portal.people.templatetags.phones import phone_settings
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import get, signed_in_browser


def test_nothing_in_the_clear_is_told_where_the_tenant_speaks_tls_only(site: Site) -> None:
    """Attack case 89: what a QR code says would be refused there."""
    assert site.a.call("PATCH", f"tenants/{site.tenants['a']}/signaling", {"tls_only": True})[0] == 200
    told, others = (_settings(f"101@{domain}") for domain in ("a.example", "b.example"))
    assert told["ways"] == ["5061 TLS"]
    assert {"5061 TLS", "5060 UDP"} <= set(others["ways"])
    page = get(signed_in_browser("100@a.example"), "/my").content.decode()
    assert "5061 TLS" in page and "UDP" not in page


def test_the_server_is_told_by_the_tenants_name_for_it(site: Site) -> None:
    """A phone on TLS checks the certificate against what was typed."""
    site.a.call("PATCH", f"tenants/{site.tenants['a']}/provisioning", {"server": "pbx.example"})
    assert _settings("101@a.example")["server"] == "pbx.example" != _settings("101@b.example")["server"]
    assert "pbx.example" in get(signed_in_browser("100@a.example"), "/my").content.decode()


def _settings(username: str) -> dict[str, object]:
    return phone_settings(Person.objects.get(username=username), "secret")
