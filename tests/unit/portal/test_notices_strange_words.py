"""Names that no host can have, and passwords with umlauts (issue 3, item 8): one destination stops no other."""

import base64
from pathlib import Path
from typing import Any

import pytest

from ringfence.portal.notices import collect, deliver
from ringfence.portal.notices.models import Destination
from tests.unit.portal import peers, test_notices
from tests.unit.portal.rest import Site
from tests.unit.portal.test_notices import add, ban, mail_settings, only

made, _trusted = test_notices.made, test_notices._trusted
NAMES = ["mail..example.com", ".example.com", f"{'a' * 64}.example.com"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_host_can_have_is_refused(site: Site, name: str) -> None:
    """RFC 1035 section 2.3.4: Python's look-up raises for it what is no OSError."""
    settings: dict[str, dict[str, Any]] = {
        "email": mail_settings(587, host=name, username="", secret=None, encryption="none"),
        "webhook": {"url": f"https://{name}/"},
        "syslog": {"host": name, "transport": "udp"},
    }
    for means, wish in settings.items():
        wish = {key: value for key, value in wish.items() if key != "secret"}
        told = {"name": means, "means": means, "topics": ["bans"], "settings": wish}
        field = "url" if means == "webhook" else "host"
        assert site.admin.refusal("POST", "notice-destinations", told)["field"] == field
    assert not Destination.objects.exists()


def test_whoever_has_such_a_name_already_fails_alone(site: Site, made: tuple[Path, Path]) -> None:
    """It ended the process that delivers, again and again, and nobody was told anything."""
    wishes = {
        "email": mail_settings(587, host="a.example", username="", secret=None, encryption="none"),
        "webhook": {"url": "https://a.example/"},
        "syslog": {"host": "a.example", "transport": "udp"},
    }
    with peers.mail_server(made) as peer:
        for means, wish in wishes.items():
            bad = Destination.objects.get(pk=add(site, means, **wish)["id"])
            bad.wishes = {
                name: value.replace("a.example", "a..example") if isinstance(value, str) else value
                for name, value in bad.wishes.items()
            }
            bad.save()
        add(site, "email", name="B", **mail_settings(peer.port))
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 1
    assert set(Destination.objects.exclude(name="B").values_list("failures", flat=True)) == {1}


def test_a_mail_password_may_have_umlauts(site: Site, made: tuple[Path, Path]) -> None:
    """RFC 4616 section 2: it goes out as UTF-8. smtplib asked for ASCII, and nothing was ever sent."""
    with peers.mail_server(made) as peer:
        add(site, "email", **mail_settings(peer.port, username="büro", secret="Straße-9ü"))
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 1
        said = next(line for line in peer.lines if line.startswith("AUTH"))
    assert base64.b64decode(said.split()[2]).decode() == "\0büro\0Straße-9ü"
    assert only().last_error == ""
