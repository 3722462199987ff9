"""Notices reach real peers, wait for broken ones, and never go where they must not."""

import json
import socket
from datetime import timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ringfence.portal.notices import collect, deliver, syslog, webhook
from ringfence.portal.notices.models import Destination, Notice, Progress
from tests.unit.portal import peers
from tests.unit.portal.rest import Rest, Site

EVIL = "198.51.100.7 is fine\r\nSubject: Blocking traffic from 192.0.2.1\x1b[2J"


def ban(number: int, address: str = "198.51.100.7", at: float = 1000.0) -> dict[str, Any]:
    facts = {"address": address, "rule": "antihacking.failed_authentication", "reason": EVIL, "by": "guard"}
    return {"id": number, "t": at, "kind": "ban.added", **facts, "evidence": {"user_agents": [EVIL]}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return peers.certificate(tmp_path_factory.mktemp("peer"))


@pytest.fixture(autouse=True)
def _trusted(made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    monkeypatch.setattr(collect, "WAIT", 0.0)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a webhook speak to our peer on loopback."""
    monkeypatch.setattr(webhook, "permitted", lambda address, private_network: True)


def add(site: Site, means: str, topics: list[str] | None = None, **settings: Any) -> dict[str, Any]:
    secret = settings.pop("secret", None)
    name = settings.pop("name", f"My {means}")
    wish = {"name": name, "means": means, "topics": topics or ["bans"], "settings": settings, "secret": secret}
    made: dict[str, Any] = site.admin.post("notice-destinations", **wish)
    collect.collect()
    return made


def mail_settings(port: int, **more: Any) -> dict[str, Any]:
    to = {"sender": "pbx@acme.example", "recipients": ["noc@acme.example"]}
    return {"host": "localhost", "port": port, "username": "pbx", "secret": "s3cret-Word", **to, **more}


def only() -> Destination:
    return Destination.objects.get()


def test_a_ban_is_mailed_over_tls_and_no_name_ends_a_header(site: Site, made: tuple[Path, Path]) -> None:
    with peers.mail_server(made) as peer:
        add(site, "email", **mail_settings(peer.port))
        site.guard.events = [ban(1), ban(2)]
        collect.collect()
        assert deliver.deliver_due() == 2
    assert peer.lines.index("STARTTLS") < next(at for at, line in enumerate(peer.lines) if line.startswith("AUTH"))
    message = message_from_bytes(peer.got[0], policy=policy.default)
    assert message["Subject"].startswith("[Ringfence] 198.51.100.7 is blocked")
    assert message["Subject"].endswith("and 1 more")
    assert message["To"] == "noc@acme.example"
    assert len(peer.got) == 1
    assert not Notice.objects.exists()


def test_many_bans_share_a_mail_and_the_next_mail_waits(site: Site, made: tuple[Path, Path]) -> None:
    with peers.mail_server(made) as peer:
        add(site, "email", **mail_settings(peer.port))
        site.guard.events = [ban(number) for number in range(1, 301)]
        collect.collect()
        assert deliver.deliver_due() == deliver.BATCH
        assert deliver.deliver_due() == 0
    assert len(peer.got) == 1


def test_a_wrong_mail_password_is_said_and_the_notice_waits(site: Site, made: tuple[Path, Path]) -> None:
    with peers.mail_server(made) as peer:
        peer.refuses = True
        add(site, "email", **mail_settings(peer.port))
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 0
        shown = site.admin.get("notice-destinations")["items"][0]
        assert "535" in shown["last_error"]
        assert (shown["waiting"], shown["has_secret"]) == (1, True)
        assert deliver.deliver_due() == 0, "it rests before it tries again"
        peer.refuses = False
        Destination.objects.update(retry_at=timezone.now())
        assert deliver.deliver_due() == 1
    assert only().last_error == ""


def test_a_recipient_whom_the_server_refuses_is_named_and_the_others_are_told_once(
    site: Site, made: tuple[Path, Path]
) -> None:
    """It was taken as delivered, and nobody knew that one of them hears nothing."""
    with peers.mail_server(made) as peer:
        peer.unknown = "gone@acme.example"
        add(site, "email", **mail_settings(peer.port, recipients=["noc@acme.example", peer.unknown]))
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 1
        assert "gone@acme.example" in only().last_error
        assert not Notice.objects.exists()
        number = site.admin.get("notice-destinations")["items"][0]["id"]
        assert "gone@acme.example" in site.admin.refusal("POST", f"notice-destinations/{number}/test")["detail"]


def test_a_server_with_a_strange_certificate_gets_no_password(
    site: Site, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with peers.mail_server(made) as peer:
        add(site, "email", **mail_settings(peer.port))
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 0
    assert "certificate" in only().last_error.lower()
    assert not [line for line in peer.lines if line.startswith("AUTH")]


def test_a_webhook_is_signed(site: Site, made: tuple[Path, Path], inside: None) -> None:
    with peers.web_server(made) as peer:
        key = add(site, "webhook", url=f"https://localhost:{peer.port}/hook?x=1")["key"]
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 1
    assert peer.lines[0] == "POST /hook?x=1 HTTP/1.1"
    signed = next(line for line in peer.lines if line.startswith("Ringfence-Signature: "))
    stamp, _, digest = signed.removeprefix("Ringfence-Signature: t=").partition(",v1=")
    assert digest == webhook.signature(key, int(stamp), peer.got[0])
    assert digest != webhook.signature("another key", int(stamp), peer.got[0])
    body = json.loads(peer.got[0])
    assert [notice["event"]["address"] for notice in body["notices"]] == ["198.51.100.7"]


def test_a_peer_that_answers_a_byte_at_a_time_holds_up_nobody(
    site: Site, made: tuple[Path, Path], inside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its bytes comes in time, so nothing but a time for all of it ends the round. It has a batch at a time."""
    monkeypatch.setattr(deliver, "ROUND", 0.5)
    with peers.slow_server(made) as slow, peers.web_server(made) as peer:
        for one in (slow, peer):
            add(site, "webhook", url=f"https://localhost:{one.port}/", name=f"hook {one.port}")
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 1
        assert len(peer.got) == 1
        site.guard.events = [ban(1), ban(2)]
        collect.collect()
        assert deliver.deliver_due() == 1
        assert (len(peer.got), len(slow.got)) == (2, 1)
        slow.ends.set()
        assert (deliver.deliver_due(), deliver.deliver_due()) == (1, 1), "nothing was lost meanwhile"


def test_who_never_comes_to_an_end_is_hung_up_on(
    site: Site, made: tuple[Path, Path], inside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise its notices wait behind that one answer, and nothing says why."""
    monkeypatch.setattr(webhook, "LONGEST_ANSWER", 0.3)
    with peers.slow_server(made) as slow:
        add(site, "webhook", url=f"https://localhost:{slow.port}/")
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 0
    assert "did not take it" in only().last_error
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "redirects"),
     (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "answered 500"), (b"nonsense\r\n\r\n", "did not take it")],
)  # fmt: skip
def test_what_is_no_success_is_tried_again(
    site: Site, made: tuple[Path, Path], inside: None, answer: bytes, said: str
) -> None:
    with peers.web_server(made) as peer:
        peer.answer = answer
        add(site, "webhook", url=f"https://localhost:{peer.port}/")
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 0
    assert said in only().last_error
    assert len(peer.got) == 1
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("127.0.0.1", False, False), ("::1", False, False), ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False), ("fe80::1", False, False), ("0.0.0.0", False, False),
        ("224.0.0.1", False, False), ("10.1.2.3", False, True), ("192.168.0.9", False, True), ("fd00::1", False, True),
        ("2002:7f00:1::", False, False), ("64:ff9b::a9fe:a9fe", False, False), ("64:ff9b::a01:203", False, True),
        ("64:ff9b:1:a01:2:300::", False, True), ("64:ff9b::808:808", True, True), ("8.8.8.8", True, True),
        ("2001:4860:4860::8888", True, True),
    ],
)  # fmt: skip
def test_a_webhook_never_speaks_to_this_machine(address: str, public: bool, private: bool) -> None:
    """Attack case 97."""
    assert webhook.permitted(ip_address(address), private_network=False) is public
    assert webhook.permitted(ip_address(address), private_network=True) is private


@pytest.mark.parametrize("url", ["https://localhost:{port}/", "https://127.0.0.1:{port}/", "https://[::1]:{port}/"])
def test_a_name_that_leads_inside_is_not_connected_to(site: Site, made: tuple[Path, Path], url: str) -> None:
    """Attack case 97."""
    with peers.web_server(made) as peer:
        add(site, "webhook", url=url.format(port=peer.port), private_network=True)
        refusal = site.admin.refusal("POST", f"notice-destinations/{only().pk}/test")
    assert (refusal["status"], refusal["error_id"]) == (502, "notices.test_failed")
    assert "inside this network" in refusal["detail"]
    assert peer.lines == []


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack case 97: with DNS rebinding the second answer would be another one."""
    asked = []

    def look(host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    reached: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda place, timeout: reached.append(place) or _refuse())
    with pytest.raises(webhook.NotDelivered):
        webhook.send(webhook.Webhook("https://rebind.example/"), webhook.Batch("1", [{}], "k"))
    assert asked == ["rebind.example"]
    assert reached == [("8.8.8.8", 443)]


def _refuse() -> None:
    raise ConnectionRefusedError


def test_the_log_collector_gets_one_line_for_each_event(site: Site, made: tuple[Path, Path]) -> None:
    """RFC 5424 in RFC 5425's frames; attack case 63: no name begins a line of its own."""
    with peers.collector(made) as peer:
        add(site, "syslog", transport="tls", host="localhost", port=peer.port)
        site.guard.events = [ban(1), ban(2, "2001:db8:1::/64")]
        collect.collect()
        assert deliver.deliver_due() == 2
    messages = _frames(peer.got[0])
    assert len(messages) == 2
    assert b"\n" not in peer.got[0]
    assert b"\r" not in peer.got[0]
    assert b"\x1b" not in peer.got[0]
    head, _, body = messages[1].partition(" - {")
    assert head.startswith(f"<84>1 1970-01-01T00:16:40.000+00:00 {socket.gethostname()} ringfence - ban.added")
    assert json.loads("{" + body)["event"]["address"] == "2001:db8:1::/64"


def _frames(data: bytes) -> list[str]:
    found = []
    while data:
        length, _, rest = data.partition(b" ")
        found.append(rest[: int(length)].decode())
        data = rest[int(length) :]
    return found


def test_datagrams_reach_a_collector(site: Site) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        sink.settimeout(5)
        add(site, "syslog", transport="udp", host="127.0.0.1", port=sink.getsockname()[1])
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 1
        assert b"ban.added" in sink.recv(65536)


def test_the_own_log_daemon_is_a_collector(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "DEV_LOG", str(tmp_path / "log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sink:
        sink.bind(str(tmp_path / "log"))
        sink.settimeout(5)
        add(site, "syslog", transport="local")
        site.guard.events = [ban(1)]
        collect.collect()
        assert deliver.deliver_due() == 1
        assert sink.recv(65536).startswith(b"<84>ringfence: {")


def test_a_long_event_is_shortened_to_what_every_collector_takes() -> None:
    body = collect.body_of("1", "ban.added", 1.0, {"address": "192.0.2.1", "evidence": {"x": ["y" * 100] * 100}})
    assert len(syslog.line(body)) < syslog.LONGEST + 200
    assert json.loads(syslog.line(body).partition(b" - {")[2].join([b"{", b""]))["event"] == {"address": "192.0.2.1"}


def test_a_storm_is_told_once_until_it_is_calm(site: Site) -> None:
    add(site, "syslog", ["ban-storms"], transport="local")
    site.guard.events = [ban(number, at=1000.0 + number) for number in range(1, 60)]
    collect.collect()
    assert [notice.body["kind"] for notice in Notice.objects.all()] == ["ban.storm"]
    site.guard.events += [ban(100 + number, at=5000.0 + number) for number in range(20)]
    collect.collect()
    assert [notice.body["event"]["count"] for notice in Notice.objects.all()] == [20, 20]


def test_slow_bans_are_no_storm(site: Site) -> None:
    add(site, "syslog", ["ban-storms"], transport="local")
    site.guard.events = [ban(number, at=1000.0 + 10 * number) for number in range(1, 60)]
    collect.collect()
    assert not Notice.objects.exists()


def test_changes_and_failed_sign_ins_of_administrators_are_told(site: Site) -> None:
    add(site, "syslog", ["setting-changes", "sign-in-failures"], transport="local")
    site.admin.call("PATCH", "settings/security", {"failed_authentication_limit": 30})
    Rest(address="203.0.113.9").call("POST", "auth/token", {"username": "admin", "password": "wrong-Horse7"})
    Rest(address="203.0.113.9").call("POST", "auth/token", {"username": "101@a.example", "password": "wrong-Horse7"})
    collect.collect()
    told = [(notice.body["event"]["action"], notice.body["event"]["object_label"]) for notice in Notice.objects.all()]
    assert told == [("security.settings_changed", "Security settings"), ("session.refused", "admin")]


def test_only_what_happens_after_the_beginning_is_told(site: Site) -> None:
    site.guard.events = [ban(1)]
    add(site, "syslog", transport="local")
    assert not Notice.objects.exists()
    assert Progress.objects.get().ledger == 1


def test_a_kill_between_collecting_and_sending_loses_and_doubles_nothing(site: Site) -> None:
    add(site, "syslog", transport="local")
    site.guard.events = [ban(1)]
    collect.collect()
    collect.collect()
    assert Notice.objects.count() == 1


def test_a_failure_while_storing_moves_no_place(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, "syslog", transport="local")
    site.guard.events = [ban(1)]
    with monkeypatch.context() as broken:
        broken.setattr(collect, "_bound", _explode)
        with pytest.raises(RuntimeError):
            collect.collect()
    assert not Notice.objects.exists()
    collect.collect()
    assert Notice.objects.count() == 1


def _explode(destination: Destination) -> None:
    raise RuntimeError


def test_a_ledger_that_begins_anew_is_read_from_its_start(site: Site) -> None:
    add(site, "syslog", transport="local")
    Progress.objects.update(ledger=500)
    site.guard.events = [ban(1)]
    collect.collect()
    collect.collect()
    assert Notice.objects.count() == 1


def test_what_waits_is_bounded_and_what_is_lost_is_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MOST_WAITING", 10)
    add(site, "syslog", transport="local")
    site.guard.events = [ban(number) for number in range(1, 31)]
    collect.collect()
    assert Notice.objects.order_by("pk")[0].body["id"] == "ledger-21"
    assert (only().lost, Notice.objects.count()) == (20, 10)
    Notice.objects.update(made_at=timezone.now() - timedelta(days=4))
    deliver.deliver(only())
    assert (only().lost, Notice.objects.count()) == (30, 0)


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    assert [deliver.pause_after(count) for count in (1, 2, 3, 8, 9, 1000)] == [5, 10, 20, 640, 900, 900]
