"""Voicemail by e-mail, over the mail server of notices: told, attached only if wanted, waiting while it refuses."""

import threading
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from ringfence.lab.product import within
from ringfence.portal.notices.aside import Aside
from ringfence.portal.voicemail.mail import AT_ONCE, RESTS, mail_due
from ringfence.portal.voicemail.models import Message
from tests.unit.portal import peers
from tests.unit.portal.rest import Site
from tests.unit.portal.test_notices import EVIL, add, mail_settings
from tests.unit.portal.voicemails import leave_message

BOX = "101@a.example"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return peers.certificate(tmp_path_factory.mktemp("peer"))


@pytest.fixture(autouse=True)
def _trusted(made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    RESTS.clear()


@pytest.mark.parametrize("attached", [False, True])
def test_a_message_is_told_by_mail(site: Site, made: tuple[Path, Path], attached: bool) -> None:
    wish = {"enabled": True, "email": "ann@a.example", "email_audio": attached}
    assert site.a.call("PATCH", f"users/{site.users[BOX]}/voicemail", wish)[0] == 200
    leave_message(BOX, b"\x80" * 8000, caller=EVIL)
    assert mail_due() == 0, "there is no mail server yet"
    with peers.mail_server(made) as peer:
        add(site, "email", **mail_settings(peer.port))
        assert mail_due() == 1
        assert mail_due() == 0
    letter = message_from_bytes(peer.got[0], policy=policy.default)
    assert letter["To"] == "ann@a.example"
    assert letter["Subject"].startswith("Voicemail from 198.51.100.7 is fine Subject:")
    sounds = [part for part in letter.iter_attachments() if part.get_content_type() == "audio/wav"]
    assert len(sounds) == attached
    if attached:
        assert len(sounds[0].get_content()) == 44 + 16_000


def test_a_mail_server_that_refuses_is_asked_again(site: Site, made: tuple[Path, Path]) -> None:
    site.a.call("PATCH", f"users/{site.users[BOX]}/voicemail", {"enabled": True, "email": "ann@a.example"})
    leave_message(BOX)
    with peers.mail_server(made) as peer:
        add(site, "email", **mail_settings(peer.port))
        peer.refuses = True
        assert mail_due() == 0
        peer.refuses = False
        assert mail_due() == 0, "it rests before it is asked again"
        RESTS.clear()
        assert mail_due() == 1
    Message.objects.update(mail_due=True, left_at="2020-01-01T00:00:00Z")
    assert mail_due() == 0
    assert not Message.objects.filter(mail_due=True).exists(), "after a day it is too late"


def test_a_mailbox_with_a_wrong_address_keeps_nobody_elses_waiting(site: Site, made: tuple[Path, Path]) -> None:
    """Twenty messages for it were tried twice a second for a day, and no other message was told of."""
    for box, address in ((BOX, "ann@a.exmaple"), ("100@a.example", "bob@a.example")):
        wish = {"enabled": True, "email": address}
        assert site.a.call("PATCH", f"users/{site.users[box]}/voicemail", wish)[0] == 200
    for _ in range(AT_ONCE):
        leave_message(BOX)
    leave_message("100@a.example")
    with peers.mail_server(made) as peer:
        peer.unknown = "exmaple"
        add(site, "email", **mail_settings(peer.port))
        assert sum(mail_due() for _ in range(AT_ONCE + 2)) == 1
    assert "bob@a.example" in message_from_bytes(peer.got[0], policy=policy.default)["To"]
    assert len([line for line in peer.lines if line.upper().startswith("RCPT")]) == AT_ONCE + 1, "each was tried once"


def test_a_slow_mail_server_holds_up_no_notice() -> None:
    """Twenty voicemails on a mail server that does not answer took minutes, in which no ban was told of."""
    slow = threading.Event()
    letters = Aside(lambda: int(slow.wait(10)))
    assert (letters(), letters()) == (0, 0)
    slow.set()
    found, _ = within(5.0, lambda: letters() or None, "what the work came to")
    assert found == 1
