"""Voicemail by e-mail, over the mail server of notices: told, attached only if wanted, waiting while it refuses."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from ringfence.portal.voicemail.mail import mail_due
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
        assert mail_due() == 1
    Message.objects.update(mail_due=True, left_at="2020-01-01T00:00:00Z")
    assert mail_due() == 0
    assert not Message.objects.filter(mail_due=True).exists(), "after a day it is too late"
