"""The guard's socket: every verb answers, every wrong argument is refused with its name."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.guard.clock import moment
from ringfence.guard.control import ControlSocket
from ringfence.guard.verbs import CHANGING
from ringfence.guardlink import GuardRefusal, GuardUnreachable, ask
from ringfence.policy.book import AddressEntry, Book, Target

from .workshop import SOURCE, call, desk, failure, guard, publish, registration

type Ask = Callable[..., Any]


def served(home: Path, work: Callable[[Ask], Any], before: Callable[[Any], None] = lambda service: None) -> Any:
    """What a client in another thread gets while the guard serves its socket."""
    service = guard(home)
    before(service)
    service.commit()
    path = home / "guard.sock"

    async def serve() -> Any:
        control = ControlSocket(path, desk(service).verbs(), CHANGING)
        await control.start()
        try:
            return await asyncio.to_thread(work, lambda verb, **args: ask(path, verb, **args))
        finally:
            await control.stop()

    return asyncio.run(serve())


def attacked(service: Any) -> None:
    lines = [registration(), call(), *(failure(account=f"{number % 3}@acme.example") for number in range(50))]
    service.parts.intake.take(lines, moment())


def test_a_ban_is_listed_explained_and_lifted(tmp_path: Path) -> None:
    def work(ask_guard: Ask) -> None:
        assert [ban["address"] for ban in ask_guard("bans.list")] == [SOURCE]
        facts = ask_guard("bans.explain", address=SOURCE)
        assert facts["ban"]["evidence"]["count"] == 50
        assert facts["ban"]["in_kernel"]
        proof = {piece["name"]: piece["words"] for piece in facts["ban"]["proof"]}
        assert proof["counted"].startswith("50 in ")
        assert "and" not in proof["accounts tried"]
        assert ask_guard("bans.lift", address=SOURCE, by="me") == {"address": SOURCE, "scopes": ["sip"]}
        explained = ask_guard("bans.explain", address=SOURCE)
        assert not explained["banned"]
        assert explained["past"][0]["ended_by"] == "me"

    served(tmp_path, work, attacked)


def test_a_tenant_lifts_the_ban_of_an_address_where_its_phone_is(tmp_path: Path) -> None:
    """Issue 4, 7. It is seen by whom it concerns; while no phone of the tenant is there it is not theirs to lift."""

    def work(ask_guard: Ask) -> None:
        assert ask_guard("bans.own", domain="other.example")["count"] == 0
        (seen,) = ask_guard("bans.own", domain="acme.example")["bans"]
        assert (seen["address"], seen["phones"], seen["may_lift"]) == (SOURCE, ["109@acme.example"], True)
        assert "evidence" not in seen
        with pytest.raises(GuardRefusal, match="not banned"):
            ask_guard("bans.lift-own", address=SOURCE, domain="other.example", by="eve")
        assert ask_guard("bans.lift-own", address=SOURCE, domain="acme.example", by="ann") == {"address": SOURCE}
        assert ask_guard("bans.explain", address=SOURCE)["past"][0]["ended_by"] == "ann"

    def phone_comes(service: Any) -> None:
        attacked(service)
        service.parts.intake.take([registration("109@acme.example", source=SOURCE)], moment())

    served(tmp_path, work, phone_comes)


def test_a_ban_where_no_phone_is_stays(tmp_path: Path) -> None:
    """Issue 4, 7. Accounts were tried from there, but nobody of the tenant is behind that address."""

    def work(ask_guard: Ask) -> None:
        with pytest.raises(GuardRefusal, match="not yours alone"):
            ask_guard("bans.lift-own", address=SOURCE, domain="acme.example", by="ann")

    served(tmp_path, work, attacked)


def test_live_state_and_events_are_told(tmp_path: Path) -> None:
    def work(ask_guard: Ask) -> None:
        assert ask_guard("status")["bans"] == 1
        assert [item["aor"] for item in ask_guard("registrations.list", tenant_id=1)] == ["101@acme.example"]
        assert ask_guard("registrations.list", tenant_id=2) == []
        assert [item["state"] for item in ask_guard("calls.list")] == ["ringing"]
        answer = ask_guard("events.since", cursor=0, kinds=["ban.added", "call.started"], limit=1)
        assert [event["kind"] for event in answer["events"]] == ["call.started"]
        rest = ask_guard("events.since", cursor=answer["cursor"], kinds=["ban.added"])
        assert [event["address"] for event in rest["events"]] == [SOURCE]
        assert ask_guard("events.since", cursor=rest["cursor"], kinds=["ban.added"], wait=0.05)["events"] == []
        assert ask_guard("alarms.list") == []
        assert ask_guard("policy.changed") == {"version": 0}

    served(tmp_path, work, attacked)


REFUSALS = [
    ("nonsense", {}, "request.verb", "verb"),
    ("bans.add", {"seconds": 5}, "request.text", "address"),
    ("bans.add", {"address": "1.2.3", "seconds": 5}, "address.octets", "address"),
    ("bans.add", {"address": "10.0.0.0/8", "seconds": 5}, "bans.prefix", "address"),
    ("bans.add", {"address": "2001:db8::/32", "seconds": 5}, "bans.prefix", "address"),
    ("bans.add", {"address": "192.0.2.7/64", "seconds": 5}, "address.length", "address"),
    ("bans.add", {"address": SOURCE, "seconds": 0}, "request.number", "seconds"),
    ("bans.add", {"address": SOURCE, "seconds": True}, "request.number", "seconds"),
    ("bans.add", {"address": "127.9.9.9", "seconds": 5}, "bans.never_block", "address"),
    ("bans.add", {"address": "::1", "seconds": 5}, "bans.never_block", "address"),
    ("bans.add", {"address": "203.0.113.9", "seconds": 5}, "bans.allowed", "address"),
    *(
        ("bans.add", {"address": address, "seconds": 5}, "bans.nobody", "address")
        for address in ("0.0.0.0", "::", "::ffff:0.0.0.0", "255.255.255.255", "224.0.0.251", "ff02::1", "240.0.0.1")
    ),
    ("bans.lift", {"address": SOURCE}, "bans.not_banned", "address"),
    ("bans.add", {"address": SOURCE, "seconds": 5, "scope": "all"}, "bans.scope", "scope"),
    ("bans.add", {"address": SOURCE, "seconds": 5, "evidence": {"x": "y" * 9000}}, "bans.evidence", "evidence"),
    ("bans.add", {"address": "127.0.0.1", "seconds": 5, "scope": "web"}, "bans.never_block", "address"),
    ("events.since", {"kinds": "all"}, "request.kinds", "kinds"),
    ("events.since", {"cursor": -1}, "request.number", "cursor"),
]


def test_a_refusal_names_its_id_and_the_argument(tmp_path: Path) -> None:
    publish(tmp_path, Book(address_entries=(AddressEntry(1, "203.0.113.0/24", Target.ALLOW),)))

    def work(ask_guard: Ask) -> None:
        for verb, args, error_id, field in REFUSALS:
            with pytest.raises(GuardRefusal) as refused:
                ask_guard(verb, **args)
            assert (refused.value.error_id, refused.value.field) == (error_id, field), verb
            assert str(refused.value)

    served(tmp_path, work)


def test_an_administrator_cannot_be_banned_while_at_work(tmp_path: Path) -> None:
    def work(ask_guard: Ask) -> None:
        ask_guard("never-block.admin", address="203.0.113.5", seconds=60)
        acting = {
            "cidr": "203.0.113.5/32",
            "name": "the address of an acting administrator",
            "source": "signed in to the portal",
        }
        assert acting in ask_guard("never-block.list")
        with pytest.raises(GuardRefusal, match="acting administrator"):
            ask_guard("bans.add", address="203.0.113.5", seconds=60)

    served(tmp_path, work)


def test_garbage_is_refused_and_the_connection_goes_on(tmp_path: Path) -> None:
    async def talk() -> list[bytes]:
        control = ControlSocket(tmp_path / "s", {}, CHANGING)
        await control.start()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        answers = []
        for garbage in (b"\xff\n", b"[1]\n", b'{"verb":1}\n', b'{"verb":"x","args":3}\n'):
            writer.write(garbage)
            answers.append(await reader.readline())
        writer.close()
        await control.stop()
        return answers

    answers = asyncio.run(talk())
    assert all(b'"ok":false' in answer for answer in answers)


def test_a_guard_that_is_down_is_told_apart_from_one_that_refuses(tmp_path: Path) -> None:
    with pytest.raises(GuardUnreachable):
        ask(tmp_path / "nothing.sock", "status")


def test_an_administrators_address_stays_protected_when_the_guard_was_killed(tmp_path: Path) -> None:
    def protect(ask_guard: Ask) -> None:
        ask_guard("never-block.admin", address="203.0.113.5", seconds=60)
        ask_guard("never-block.admin", address="203.0.113.6", seconds=60)
        ask_guard("never-block.admin", address="203.0.113.5", seconds=1)

    def look(ask_guard: Ask) -> list[str]:
        return [member["cidr"] for member in ask_guard("never-block.list")]

    served(tmp_path, protect)
    assert {"203.0.113.5/32", "203.0.113.6/32"} <= set(served(tmp_path, look))
