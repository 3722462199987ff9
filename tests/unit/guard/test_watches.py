"""Who watches whom, and what is told when (RFC 4235; attack case 40)."""

from typing import Any
from xml.etree import ElementTree

import pytest

from ringfence.guard.lamps.notify import dialog_info, presence, request_of
from ringfence.guard.lamps.watches import MOST_OF_ONE, Watches
from ringfence.guard.live.calls import Calls
from ringfence.guard.live.standing import Standing
from tests.unit.guard.workshop import entry

NOW = 1_800_000_000.0
WATCHED = "102@a.example"


def watch(
    tag: str = "t1",
    watched: str = WATCHED,
    watcher: str = "101@a.example",
    until: float = NOW + 300,
    event: str = "dialog",
) -> Any:
    return entry(
        "watch.saved", watched=watched, watcher=watcher, event=event, expires_at=until, sip_call_id="c",
        watcher_tag=tag, own_tag="o", device="sip:101@192.0.2.1:5060", hop="sip:192.0.2.1:5060;transport=udp",
    )  # fmt: skip


def call(standing: Standing, kind: str, **more: Any) -> None:
    standing.take(*entry(kind, call_id="x", caller="103@a.example", callee=WATCHED, **more))


def states(standing: Standing) -> list[list[tuple[str, str, bool]]]:
    return [notice.calls for notice in standing.watches.due(NOW, standing.calls.of)]


def test_a_watcher_hears_at_once_and_of_every_change() -> None:
    standing = Standing()
    standing.take(*watch())
    assert states(standing) == [[]]
    assert states(standing) == [], "nothing happened since"
    call(standing, "call.started")
    assert states(standing) == [[("x", "recipient", False)]]
    call(standing, "call.answered")
    assert states(standing) == [[("x", "recipient", True)]]
    call(standing, "call.ended")
    assert states(standing) == [[]]
    standing.take(*entry("call.started", call_id="y", caller="103@a.example", callee="104@a.example"))
    assert states(standing) == []


def test_a_forward_moves_the_lamp() -> None:
    standing = Standing()
    standing.take(*watch())
    standing.take(*watch("t2", "104@a.example"))
    call(standing, "call.started")
    states(standing)
    standing.take(*entry("call.forwarded", call_id="x", caller="103@a.example", callee="104@a.example", by=WATCHED))
    assert sorted(states(standing)) == [[], [("x", "recipient", False)]]


def test_numbers_rise_even_over_a_restart() -> None:
    standing = Standing()
    standing.take(*watch())
    first = standing.watches.due(NOW, standing.calls.of)[0].number
    standing.watches.touch(WATCHED)
    second = standing.watches.due(NOW, standing.calls.of)[0].number
    again = Standing()
    for line in standing.watches.lines():
        again.take(line, watch()[1])
    again.watches.recalled()
    third = again.watches.due(NOW + 2, again.calls.of)[0].number
    assert first < second < third


def test_an_end_is_told_once_and_what_is_not_refreshed_is_forgotten() -> None:
    watches, calls = Watches(), Calls()
    watches.saved(*watch())
    watches.saved(*watch(until=0))
    notice = watches.due(NOW, calls.of)
    assert [item.ends for item in notice] == [True]
    assert len(watches) == 0
    watches.saved(*watch(until=NOW + 10))
    watches.expire(NOW + 11)
    assert (len(watches), watches.due(NOW + 11, calls.of)) == (0, [])


def test_who_watches_a_mailbox_hears_of_its_messages_and_not_of_calls() -> None:
    """RFC 3842, RFC 6665 section 4.2.1.2: until somebody has counted, nothing is said of the messages."""
    standing = Standing()
    standing.take(*watch(event="message-summary"))
    standing.take(*watch("t2"))
    standing.watches.due(NOW, standing.calls.of)
    call(standing, "call.started")
    assert [notice.event["event"] for notice in standing.watches.due(NOW, standing.calls.of)] == ["dialog"]
    standing.watches.counted(WATCHED, (2, 1))
    (notice,) = standing.watches.due(NOW, standing.calls.of)
    headers, body = request_of(notice, online=True, now=NOW)[4:]
    assert "Event: message-summary\r\n" in headers
    assert "Content-Type: application/simple-message-summary\r\n" in headers
    assert body.split("\r\n") == [
        "Messages-Waiting: yes", f"Message-Account: sip:{WATCHED}", "Voice-Message: 2/1 (0/0)", "",
    ]  # fmt: skip
    standing.watches.counted(WATCHED, (2, 1))
    standing.watches.counted("103@a.example", (1, 0))
    assert standing.watches.due(NOW, standing.calls.of) == []


@pytest.mark.parametrize("gone", [{"aor": "101@a.example"}, {"domain": "a.example"}])
def test_who_is_gone_is_told_nothing_any_more(gone: dict[str, str]) -> None:
    """Nor is whoever gets the number told of the messages of his predecessor."""
    standing = Standing()
    standing.take(*watch())
    standing.take(*watch("t2", "101@a.example", event="message-summary"))
    standing.take(*watch("t3", watcher="103@b.example"))
    standing.watches.counted("101@a.example", (3, 0))
    standing.watches.due(NOW, standing.calls.of)
    standing.watches.end(**gone)
    call(standing, "call.started")
    assert [notice.event["watcher"] for notice in standing.watches.due(NOW, standing.calls.of)] == ["103@b.example"]
    standing.take(*watch("t4", "101@a.example", event="message-summary"))
    assert [notice.messages for notice in standing.watches.due(NOW, standing.calls.of)] == [None]


def test_nothing_is_said_of_messages_that_nobody_has_counted() -> None:
    watches = Watches()
    watches.saved(*watch(event="message-summary"))
    headers, body = request_of(watches.due(NOW, Calls().of)[0], online=True, now=NOW)[4:]
    assert (body, "Content-Type" in headers) == ("", False)


def test_a_flood_of_watches_has_an_end_and_nobody_takes_over_anothers() -> None:
    watches = Watches()
    for number in range(MOST_OF_ONE + 50):
        watches.saved(*watch(f"t{number}"))
    assert len(watches) == MOST_OF_ONE
    watches.saved(*watch("t1", watcher="666@a.example", until=0))
    assert len(watches) == MOST_OF_ONE


def test_the_request_belongs_to_the_watch() -> None:
    watches = Watches()
    watches.saved(*watch())
    method, target, hop, socket, headers, body = request_of(watches.due(NOW, Calls().of)[0], online=True, now=NOW)
    assert (method, target, hop, socket) == (
        "NOTIFY", "sip:101@192.0.2.1:5060", "sip:192.0.2.1:5060;transport=udp", ".",
    )  # fmt: skip
    assert "From: <sip:102@a.example>;tag=o\r\nTo: <sip:101@a.example>;tag=t1\r\n" in headers
    assert "Subscription-State: active;expires=300\r\n" in headers
    assert b"terminated" in body.encode()


@pytest.mark.parametrize("aor", ["102@a.example", '1"<&>2@a.example'])
def test_the_documents_are_xml_whatever_an_address_holds(aor: str) -> None:
    calls = [('c"<', "recipient", True), ("d", "initiator", False)]
    root = ElementTree.fromstring(dialog_info(aor, 7, calls))  # noqa: S314 - our own document
    assert root.attrib == {"version": "7", "state": "full", "entity": f"sip:{aor}"}
    assert [element.text for element in root.iter("{urn:ietf:params:xml:ns:dialog-info}state")] == [
        "confirmed",
        "early",
    ]
    people = ElementTree.fromstring(presence(aor, calls, online=False))  # noqa: S314
    assert people.attrib == {"entity": f"sip:{aor}"}
    assert "closed" in ElementTree.tostring(people, encoding="unicode")
