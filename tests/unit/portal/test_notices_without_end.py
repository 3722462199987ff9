"""Peers that answer notices without end, a byte at a time, are hung up on."""

import time
from pathlib import Path

import pytest

from ringfence.portal.notices import collect, deliver, mail, syslog
from ringfence.portal.notices.models import Notice
from tests.unit.portal import peers, test_notices
from tests.unit.portal.rest import Site
from tests.unit.portal.test_notices import add, ban, mail_settings, only

made, _trusted = test_notices.made, test_notices._trusted


@pytest.mark.parametrize("encryption", ["none", "tls"])
def test_a_mail_server_that_greets_without_end_is_hung_up_on(
    site: Site, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, encryption: str
) -> None:
    """Issue 3, item 8: the notice of a ban storm does not wait for days behind an answer a byte at a time."""
    monkeypatch.setattr(mail, "LONGEST_TALK", 0.5)
    with peers.dripping(made if encryption == "tls" else None) as slow:
        secrets = {} if encryption == "tls" else {"username": "", "secret": ""}
        add(site, "email", **mail_settings(slow.port, encryption=encryption, **secrets))
        _told_of_a_ban_in_vain(site)


def test_a_mail_server_that_turns_slow_behind_starttls_is_hung_up_on(
    site: Site, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 3, item 8: the socket that is hung up is the one that TLS took over."""
    monkeypatch.setattr(mail, "LONGEST_TALK", 0.5)
    with peers.mail_server(made) as slow:
        slow.slow_at = "AUTH"
        add(site, "email", **mail_settings(slow.port))
        _told_of_a_ban_in_vain(site)
        slow.ends.set()


@pytest.mark.parametrize("encryption", ["none", "tls"])
def test_a_mail_server_whose_answer_has_lines_without_end_fills_no_memory(
    site: Site, made: tuple[Path, Path], encryption: str
) -> None:
    """Issue 3, item 8; RFC 5321 section 4.2.1: every line says that another one follows."""
    with peers.endless(b"220-and so on\r\n", made if encryption == "tls" else None) as talkative:
        secrets = {} if encryption == "tls" else {"username": "", "secret": ""}
        add(site, "email", **mail_settings(talkative.port, encryption=encryption, **secrets))
        _told_of_a_ban_in_vain(site)
        assert "more than 65536 bytes" in only().last_error
        assert sum(map(len, talkative.got)) < 16 << 20


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_log_collector_that_never_closes_is_hung_up_on_and_has_not_confirmed(
    site: Site, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    """Issue 3, item 8: a SIEM that answers without end holds back no line, and none counts as delivered."""
    monkeypatch.setattr(syslog, "LONGEST_FAREWELL", 0.5)
    with peers.dripping(made if transport == "tls" else None) as slow:
        add(site, "syslog", transport=transport, host="localhost", port=slow.port)
        _told_of_a_ban_in_vain(site)


def _told_of_a_ban_in_vain(site: Site) -> None:
    site.guard.events = [ban(1)]
    collect.collect()
    began = time.monotonic()
    assert deliver.deliver_due() == 0
    assert time.monotonic() - began < 5.0
    assert "did not take it" in only().last_error
    assert Notice.objects.count() == 1
