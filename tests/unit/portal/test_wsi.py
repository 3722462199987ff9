"""The event socket's feed and sessions: bounded memory, resuming, and who is sent away."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.asyncio.client import unix_connect
from websockets.asyncio.server import unix_serve
from websockets.exceptions import InvalidStatus

from ringfence.policy.people.subscriptions import Listener, Topic
from ringfence.portal.people import tokens
from ringfence.portal.people.models import Person
from ringfence.portal.webaccess.models import AdministratorNetwork
from ringfence.portal.wsi import feed, server, session, sources
from ringfence.portal.wsi.admission import Caller, Rights, rights_of, rights_of_all
from ringfence.portal.wsi.cursor import Cursor, Stream
from ringfence.portal.wsi.feed import Behind, Feed
from ringfence.portal.wsi.protocol import Closing, SentAway
from ringfence.portal.wsi.server import MOST_OF_ONE_ADDRESS, Server, is_foreign
from ringfence.portal.wsi.session import Past, Session
from ringfence.portal.wsi.sources import Item, Page
from ringfence.portal.wsi.wish import Wish, WishRefused, parse_wish
from tests.unit.portal.rest import PASSWORD, Site

pytestmark = pytest.mark.unit

SYSTEM = Rights(1, Listener(True, None, ""), tuple(Topic))


def alarm(number: int) -> Item:
    return Item(Stream.LEDGER, number, "alarm.raised", float(number), {"alarm": str(number), "message": "m"})


def page(*numbers: int, oldest: int = 1) -> Page:
    return Page(tuple(alarm(number) for number in numbers), max(numbers, default=0), oldest, max(numbers, default=0))


class Wire:
    """A connection that keeps what is sent; a deaf one never takes it."""

    def __init__(self, deaf: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.deaf = deaf

    async def send(self, text: str) -> None:
        if self.deaf:
            await asyncio.sleep(60)
        self.sent.append(json.loads(text))


def listening(wire: Wire, since: Cursor | None = None, topics: tuple[Topic, ...] = (Topic.ALARMS,)) -> Session:
    return Session(cast(Any, wire), Caller("rf_x", ""), SYSTEM, Wish(topics, since, ""))


def past_of(*numbers: int, oldest: int = 1, thinned: int = 0) -> Past:
    """A ledger that holds these events, two on a page."""

    async def ledger(at: int) -> Page:
        items = [alarm(number) for number in numbers if number > at][:2]
        last = max(numbers, default=0)
        return Page(tuple(items), items[-1].number if items else max(at, last), oldest, last, thinned)

    async def audit(at: int) -> Page:
        return Page((), at, 0, at)

    return Past(ledger, audit)


def heard(one: Session, wire: Wire, ring: Feed, past: Past, count: int) -> list[str]:
    """The ids of the first events this listener hears."""

    async def listen() -> list[str]:
        running = asyncio.create_task(one.run(ring, past))
        for _ in range(200):
            await asyncio.sleep(0.01)
            if sum(message["type"] == "event" for message in wire.sent) >= count or running.done():
                break
        if running.done():
            running.result()
        running.cancel()
        return [message["id"] for message in wire.sent if message["type"] == "event"]

    return asyncio.run(listen())


def test_the_ring_keeps_the_newest_and_says_who_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RING", 3)
    ring = Feed()
    ring._ring = type(ring._ring)(maxlen=3)
    ring.take(Stream.LEDGER, page(1, 2, 3, 4, 5))
    found = asyncio.run(ring.items_after(Cursor(2), 0, 0))
    assert [item.number for item in found] == [3, 4, 5]
    with pytest.raises(Behind):
        asyncio.run(ring.items_after(Cursor(1), 0, 0))


def test_who_begins_now_hears_only_what_follows() -> None:
    wire, ring = Wire(), Feed()
    ring.take(Stream.LEDGER, page(1, 2))

    async def scene() -> None:
        running = asyncio.create_task(listening(wire).run(ring, past_of()))
        await asyncio.sleep(0.05)
        ring.take(Stream.LEDGER, page(3))
        await asyncio.sleep(0.05)
        running.cancel()

    asyncio.run(scene())
    assert [message["type"] for message in wire.sent] == ["subscribed", "event"]
    assert (wire.sent[0]["cursor"], wire.sent[1]["id"]) == ("2-0", "3-0")


def test_what_has_left_the_ring_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RING", 2)
    ring = Feed()
    ring._ring = type(ring._ring)(maxlen=2)
    ring.take(Stream.LEDGER, page(*range(1, 8)))
    wire = Wire()
    one = listening(wire, Cursor(2, 0))
    assert heard(one, wire, ring, past_of(*range(1, 8)), 5) == ["3-0", "4-0", "5-0", "6-0", "7-0"]


@pytest.mark.parametrize(("since", "oldest", "gap"), [(4, 1, False), (4, 5, False), (4, 9, True), (99, 1, True)])
def test_a_gap_is_told(since: int, oldest: int, gap: bool) -> None:
    """Events that were deleted meanwhile, or a cursor of another ledger."""
    wire, ring = Wire(), Feed()
    ring.take(Stream.LEDGER, page(10))
    heard(listening(wire, Cursor(since, 0)), wire, ring, past_of(10, oldest=oldest), 1)
    assert wire.sent[0]["gap"] is gap


@pytest.mark.parametrize(
    ("since", "topic", "gap"),
    [(4, Topic.REGISTRATIONS, True), (5, Topic.REGISTRATIONS, False), (4, Topic.ALARMS, False)],
)
def test_a_gap_in_the_registrations_is_told_to_who_listens_to_them(since: int, topic: Topic, gap: bool) -> None:
    """They are deleted sooner than all else, whose oldest event says nothing about them (docs/wsi.md)."""
    wire, ring = Wire(), Feed()
    ring.take(Stream.LEDGER, page(10))
    one = listening(wire, Cursor(since, 0), topics=(topic,))
    heard(one, wire, ring, past_of(10, thinned=5), 1)
    assert wire.sent[0]["gap"] is gap


def test_a_listener_that_does_not_read_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SEND_SECONDS", 0.05)
    with pytest.raises(SentAway) as away:
        asyncio.run(listening(Wire(deaf=True)).run(Feed(), past_of()))
    assert away.value.closing is Closing.SLOW


def test_silence_is_filled_with_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HEARTBEAT", 0.02)
    wire, ring = Wire(), Feed()
    heard(listening(wire), wire, ring, past_of(), 1)
    assert {message["type"] for message in wire.sent} == {"subscribed", "heartbeat"}


@pytest.mark.parametrize(
    "raw",
    [
        "x", "[]", "{}", '{"type": "subscribe"}', '{"type": "subscribe", "topics": []}',
        '{"type": "subscribe", "topics": ["nothing"]}', '{"type": "subscribe", "topics": [{}]}',
        '{"type": "subscribe", "topics": ["calls"], "since": "x"}',
        '{"type": "subscribe", "topics": ["calls"], "x": 1}',
        '{"type": "subscribe", "topics": ["calls"], "token": 5}', "[" * 4000, b"\xff\xfe",
        '{"type": "subscribe", "topics": ["calls"], "since": "1-99999999999999999999"}',
    ],
)  # fmt: skip
def test_a_first_message_that_is_no_subscription_is_refused_with_a_sentence(raw: str | bytes) -> None:
    with pytest.raises(WishRefused, match=r"\w+ .+\."):
        parse_wish(raw)


def test_a_subscription() -> None:
    wish = parse_wish('{"type": "subscribe", "topics": ["calls", "bans", "calls"], "since": "4-2", "token": "rf_a"}')
    assert wish == Wish((Topic.CALLS, Topic.BANS), Cursor(4, 2), "rf_a")


def test_a_token_is_worth_what_its_owner_may_now(site: Site) -> None:
    token = Caller(site.a.token, "192.0.2.50")
    rights = rights_of(token)
    assert rights is not None
    assert rights.listener == Listener(False, site.tenants["a"], "a.example")
    assert set(Topic) - set(rights.topics) == {Topic.ALARMS, Topic.TRUNKS}
    wrong, admin = Caller("rf_x", "192.0.2.50"), Caller(site.admin.token, "192.0.2.50")
    assert set(rights_of_all(frozenset({token, wrong, admin}))) == {token, admin}
    Person.objects.filter(username="100@a.example").update(is_active=False)
    assert rights_of(token) is None


def test_a_user_without_administration_hears_nothing(site: Site) -> None:
    token, _ = tokens.issue(Person.objects.get(username="101@a.example"))
    assert rights_of(Caller(token, "192.0.2.50")) is None


def test_a_system_administrator_listens_from_where_he_may_come_only(site: Site) -> None:
    AdministratorNetwork.objects.create(cidr="192.0.2.0/24")
    assert rights_of(Caller(site.admin.token, "192.0.2.50")) is not None
    assert rights_of(Caller(site.admin.token, "198.51.100.1")) is None
    assert rights_of(Caller(site.a.token, "198.51.100.1")) is not None


def test_a_narrowed_token_hears_only_what_its_scope_names(site: Site) -> None:
    narrow = site.admin.post("auth/token", username="admin", password=PASSWORD, permissions=["calls.read"])["token"]
    rights = rights_of(Caller(narrow, ""))
    assert rights is not None
    assert set(rights.topics) == {Topic.CALLS, Topic.REGISTRATIONS}
    assert rights.listener.hears_all


def test_bans_of_the_own_people_are_told_to_whom_the_page_shows_them(site: Site) -> None:
    """The permission of *Blocked Addresses*; call records alone are another one."""
    credentials = {"username": "100@a.example", "password": PASSWORD}
    for permission, heard in (("bans.read", {Topic.BANS}), ("calls.read", {Topic.CALLS, Topic.REGISTRATIONS})):
        narrow = site.a.post("auth/token", **credentials, permissions=[permission])["token"]
        rights = rights_of(Caller(narrow, ""))
        assert rights is not None
        assert set(rights.topics) == heard


def test_the_audit_log_is_a_stream(site: Site) -> None:
    last = sources.audit_page(1 << 61).last
    site.admin.post("ip-filters", cidr="192.0.2.0/24", target="allow")
    found = sources.audit_page(last)
    assert [(item.kind, item.event["action"]) for item in found.items] == [("settings.changed", "ip_filter.created")]
    assert found.after == last + 1


@pytest.mark.parametrize(
    ("origins", "foreign"),
    [
        ([], False),
        (["https://pbx.example:8887"], False),
        (["https://PBX.example"], False),
        (["https://evil.example"], True),
        (["https://pbx.example.evil.example"], True),
        (["http://pbx.example:8887"], True),
        (["null"], True),
        (["https://[broken"], True),
        (["https://pbx.example:8887.evil.example"], True),
        (["https://pbx.example", "https://evil.example"], True),
    ],
)
def test_a_page_of_another_site_may_not_listen(origins: list[str], foreign: bool) -> None:
    """Case 85's neighbour, cross-site WebSocket hijacking: evil Origin 403; programs with a token send none."""
    assert is_foreign(origins, ["pbx.example:8885"]) is foreign


def test_an_origin_without_a_host_is_foreign() -> None:
    assert is_foreign(["https://pbx.example"], [])


def test_a_whole_network_of_ipv6_has_the_places_of_one_address(tmp_path: Path) -> None:
    """Attack case 57 at the event socket: a /64 is one customer, and may not take the places of all others."""
    path = str(tmp_path / "wsi.sock")

    async def scene() -> int:
        server = Server()
        async with AsyncExitStack() as held:
            await held.enter_async_context(unix_serve(server.serve, path, process_request=server.at_the_door))

            async def comes(address: str) -> None:
                await held.enter_async_context(
                    unix_connect(path, "ws://pbx.example/", additional_headers={"X-Forwarded-For": address})
                )

            for number in range(MOST_OF_ONE_ADDRESS):
                await comes(f"2001:db8::{number + 1:x}")
            with pytest.raises(InvalidStatus) as refused:
                await comes("2001:db8::ffff")
            await comes("2001:db8:0:1::1")
            await comes("192.0.2.1")
            return refused.value.response.status_code

    assert asyncio.run(scene()) == 503


def test_all_listeners_may_come_back_at_the_same_instant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart of the portal: who finds no room in the queue of the socket gets nginx's 502 (docs/wsi.md)."""
    asked: dict[str, Any] = {}

    def queue(*_: Any, **named: Any) -> AsyncExitStack:
        asked.update(named)
        raise InterruptedError

    monkeypatch.setattr(server, "unix_serve", queue)
    monkeypatch.setattr(sources, "present", Cursor)
    with pytest.raises(InterruptedError):
        asyncio.run(Server().run(tmp_path / "wsi"))
    assert asked["backlog"] >= server.MOST_CONNECTIONS
