"""The short way of a plain REGISTER answers exactly what the general way answers, or leaves the message alone."""

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.journal.returning import returning_of
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

ANN = "101@acme.example"
_STORE = """
import sys
from pathlib import Path
from ringfence.policy.book import BlockedUserAgent, Book, Role, Subscriber, Tenant
from ringfence.store.writer import PolicyWriter
people = [Subscriber(aor, 1, 7, "User", active, name, "a" * 32, "b" * 64) for aor, active, name in [
    ("101@acme.example", True, "Ann"), ("102@acme.example", False, "Bob"), ("103@acme.example", True, 'C "x" D'),
    ("Eve@acme.example", True, "Eve"), ("104@other.example", True, "Else"),
    ("105@tls.example", True, "Tess")]]
writer = PolicyWriter(Path(sys.argv[1]))
writer.publish(Book(
    tenants=(Tenant(1, "Acme", "acme.example"), Tenant(2, "Other", "other.example"),
        Tenant(3, "Secret", "tls.example", tls_only=True)), own_hosts=("192.0.2.1",),
    roles=(Role("User", True, True, False),), default_domain="acme.example",
    blocked_user_agents=(BlockedUserAgent("scanner"),)), people)
"""


@dataclass(frozen=True, slots=True)
class Register:
    """One REGISTER as Kamailio reads it; `digest` is what it says of the credentials."""

    name: str | None = "101"
    target: str = "sip:acme.example"
    host: str = "acme.example"
    sender: str = "sip:101@acme.example"
    receiver: str = "sip:101@acme.example"
    agent: str | None = "Phone/1.0"
    contact: str = "<sip:101@198.51.100.7:5060>"
    expires: str | None = "600"
    digest_uri: str | None = "sip:acme.example"
    digest: int = 1
    call_id: str = "c@198.51.100.7"
    text: str = "REGISTER"
    policy: str = "0"
    checked: str = "0"
    transport: str = "udp"

    @property
    def told(self) -> str:
        """What `core.cfg` hands over."""
        n, source = "<null>", "198.51.100.7"
        agent = self.agent or n
        if self.name is None:
            parties = f"{self.sender}|{self.receiver}"
            return f"{source}|{self.transport}|{self.target}|{self.host}|{agent}|{self.call_id}|2|{parties}"
        return (
            f"{self.policy}|{source}|5060|192.0.2.1|5060|{self.target}|{self.host}|{self.sender}|{self.receiver}|{agent}"
            f"|{self.contact}|{self.expires or n}"
            f"|{self.call_id}|2|{self.name or n}|{self.digest_uri or n}|{self.checked}"
        )

    def answers(self) -> dict[str, Any]:
        """What Kamailio answers the general way."""
        user, _, sender_host = self.sender.partition(":")[2].rpartition("@")
        account, _, receiver_host = self.receiver.partition(":")[2].rpartition("@")
        values: dict[str, Any] = {
            "$tt": None, "$adu": self.digest_uri, "$ct": self.contact, "$hdr(Expires)": self.expires, "$cs": 2,
            "$hdrc(Authorization)": 0 if self.name is None else 1, "$hdrc(Proxy-Authorization)": 0,
            "$hdrc(Contact)": 1, "$(ulc(saved=>count))": 1,
            "$(ulc(saved=>addr)[0])": self.contact[1:].partition(">")[0],
            "$(ulc(saved=>expires)[0])": int(time.time()) + _granted(self.expires),
            "$(ulc(saved=>received)[0])": "sip:198.51.100.7:5060", "$(ulc(saved=>socket)[0])": "udp:192.0.2.1:5060",
            "$(ulc(saved=>path)[0])": None,
            "$hdr(Authorization)": "Digest x", "$(var(words){s.md5})": "-",
        }  # fmt: skip
        return {
            "kx.get_msgbuf": self.text, "kx.get_method": "REGISTER", "kx.get_srcip": "198.51.100.7",
            "kx.get_srcport": 5060, "kx.get_proto": self.transport, "kx.get_msglen": 500, "kx.get_ruri": self.target,
            "kx.gete_ruser": "", "kx.gete_rhost": self.host, "kx.get_furi": self.sender, "kx.gete_fuser": user,
            "kx.gete_fhost": sender_host, "kx.get_turi": self.receiver, "kx.gete_tuser": account,
            "kx.gete_thost": receiver_host, "kx.get_callid": self.call_id, "kx.gete_ua": self.agent or "",
            "kx.gete_au": self.name or "", "sanity.sanity_check": 1, "force_rport": True, "err": None,
            "auth.pv_auth_check": self.digest, "auth.www_challenge": 1, "sl.send_reply": 1, "pv.sets": None,
            "nathelper.fix_nated_register": 1, "registrar.save_uri": 1, "registrar.reg_send_reply": 1,
            "registrar.reg_fetch_contacts": 1, "registrar.reg_free_contacts": 1,
            "pv.get": lambda name: values.get(name, 1), "htable.sht_setxs": 1, "htable.sht_rm": 1,
            "tcpops.tcp_set_connection_lifetime": 1,
        }  # fmt: skip


def _granted(asked: str | None) -> int:
    """As the registrar is set up."""
    number = int(asked) if asked and asked.isdecimal() else 300
    return min(max(number, 60), 600)


@dataclass(slots=True)
class Core:
    """The worker's code on a fake Kamailio."""

    kamailio: Kamailio
    main: ModuleType
    journal: Path
    read: int = 0

    def answered(self, message: Register, *, shortly: bool) -> tuple[bool, list[Any]]:
        """Whether the message was dealt with, and all effects: replies, saved contacts, events."""
        self.kamailio.answers, self.kamailio.calls = message.answers(), []
        if not shortly:
            self.main.ksr_request_route()
            done = True
        else:
            answer = self.main.ksr_private_answer if message.transport == "tls" else self.main.ksr_plain_answer
            route = self.main.ksr_plain_question if message.name is None else answer
            done = route(message.told) > 0
        return done, [self._replies(), self._events()]

    def _replies(self) -> list[Any]:
        effects = ("sl.send_reply", "auth.www_challenge", "registrar.save_uri", "registrar.reg_send_reply")
        return [call for call in self.kamailio.calls if call[0] in effects]

    def _events(self) -> list[dict[str, Any]]:
        """What the journal gained, without times; counted refusals are written seconds later and are left out."""
        lines = "".join(path.read_text() for path in sorted(self.journal.glob("events-*"))).splitlines()
        new, self.read = lines[self.read :], len(lines)
        events = [{k: v for k, v in json.loads(line).items() if k not in ("t", "complete", "asked")} for line in new]
        for event in events:
            for contact in event.get("contacts", ()):
                contact["expires_at"] //= 30  # both ways look at the clock for themselves
        return [event for event in events if event["kind"].startswith(("registration", "auth"))]


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    state = tmp_path_factory.mktemp("state")
    (state / "journal").mkdir()
    subprocess.run([sys.executable, "-c", _STORE, str(state / "policy")], check=True, timeout=30)
    with pytest.MonkeyPatch.context() as patch, loaded() as fake:
        patch.setenv("RINGFENCE_STATE_DIR", str(state))
        patch.setenv("RINGFENCE_RUN_DIR", str(state))
        yield Core(fake, importlib.import_module("ringfence.signaling.main"), state / "journal")


PLAIN = Register()


@pytest.mark.parametrize(
    "message",
    [
        PLAIN,
        replace(PLAIN, name=None),
        replace(PLAIN, digest=-2),
        replace(PLAIN, digest=-4),
        replace(PLAIN, expires=None),
    ],
    ids=["right answer", "no credentials", "wrong answer", "stale nonce", "no Expires"],
)
@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_plain_registrations_go_the_short_way(core: Core, message: Register, transport: str) -> None:
    done, effects = core.answered(replace(message, transport=transport), shortly=True)
    assert done
    assert effects == core.answered(replace(message, transport=transport), shortly=False)[1]
    assert effects[0]


def test_a_phone_on_tls_keeps_its_connection_and_all_its_devices_are_told(core: Core) -> None:
    """Attack case 45: a stranger's connection ends after 20 seconds, a registered phone's lives until it refreshes."""
    core.answered(replace(PLAIN, transport="tls"), shortly=True)
    assert core.kamailio.arguments_of("tcpops.tcp_set_connection_lifetime")
    assert _last_event(core)["complete"]
    assert _phones(core) == []


def test_a_port_where_phones_show_a_certificate_is_left_to_the_general_way(core: Core) -> None:
    """ADR 42: the short way asks for no certificate."""
    ports = core.main.this_worker().certificate_ports
    ports["", 5060] = True
    try:
        assert core.answered(replace(PLAIN, transport="tls"), shortly=True) == (False, [[], []])
    finally:
        del ports["", 5060]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "REGISTER\0"}, {"agent": "Scanner"}, {"agent": None},
        {"host": "stranger.example", "target": "sip:stranger.example"},
        {"sender": "sip:102@acme.example"}, {"receiver": "sip:102@acme.example"}, {"digest_uri": "sip:other.example"},
        {"contact": "*"}, {"contact": "<sip:a@b>,<sip:c@d>"}, {"contact": "<sip:101@b>;expires=0"}, {"expires": "0"},
        {"expires": "-1"}, {"expires": "99999999999"}, {"call_id": "x" * 300}, {"agent": 'Phone "x"'},
        {"name": "103", "sender": "sip:103@acme.example", "receiver": "sip:103@acme.example"},
        {"target": f"sip:acme.example;{'x' * 600}"}, {"agent": "a|b"}, {"contact": '"Ann" <sip:101@b>'},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_plain_is_left_alone_with_nothing_done(core: Core, change: dict[str, Any]) -> None:
    assert core.answered(replace(PLAIN, **change), shortly=True) == (False, [[], []])


def test_a_suspended_account_and_one_with_another_spelling_are_refused(core: Core) -> None:
    """The digest is right, and still `decide` says no (identity.active, identity.sender)."""
    suspended = Register(name="102", sender="sip:102@acme.example", receiver="sip:102@acme.example")
    assert core.answered(suspended, shortly=True)[1][0] == [("sl.send_reply", (403, "Forbidden"))]
    eve = Register(name="Eve", sender="sip:Eve@acme.example", receiver="sip:Eve@acme.example")
    assert core.answered(eve, shortly=True) == (False, [[], []])


def test_a_tenant_with_tls_only_is_served_over_tls_on_the_short_way(core: Core) -> None:
    """Reference "TLS and WSS for SIP Signaling"."""
    uri = "sip:105@tls.example"
    message = Register("105", "sip:tls.example", "tls.example", uri, uri, digest_uri="sip:tls.example", transport="tls")
    done, effects = core.answered(message, shortly=True)
    assert done
    assert effects == core.answered(message, shortly=False)[1]
    assert "registrar.save_uri" in [name for name, _ in effects[0]]


@pytest.mark.parametrize("name", [None, "105"])
def test_a_tenant_with_tls_only_is_refused_over_udp_on_either_way(core: Core, name: str | None) -> None:
    """Reference "TLS and WSS for SIP Signaling": the short way leaves it alone, the general one asks for no digest."""
    uri = "sip:105@tls.example"
    message = Register(
        name=name, target="sip:tls.example", host="tls.example", sender=uri, receiver=uri, digest_uri="sip:tls.example"
    )
    assert core.answered(message, shortly=True) == (False, [[], []])
    assert core.answered(message, shortly=False)[1][0] == [("sl.send_reply", (403, "Use TLS"))]


def _last_event(core: Core) -> dict[str, Any]:
    lines = "".join(path.read_text() for path in sorted(core.journal.glob("events-*"))).splitlines()
    event: dict[str, Any] = json.loads(lines[-1])
    return event


def _phones(core: Core) -> list[tuple[Any, ...]]:
    return core.kamailio.arguments_of("htable.sht_setxs")


def _commits(core: Core) -> str:
    return str(core.main.this_worker().view.commits)


def test_the_script_may_repeat_what_was_let_pass_under_the_policy_it_knows(core: Core) -> None:
    """ADR 21: all facts and the commit are the key; the HA1 to check comes with it, until the registration runs out."""
    core.answered(PLAIN, shortly=True)
    assert _phones(core) == []
    core.answered(replace(PLAIN, policy=_commits(core)), shortly=True)
    ((table, key, grant, seconds),) = _phones(core)
    assert (table, seconds) == ("phones", 600)
    assert key == f"{_commits(core)}|{'|'.join(PLAIN.told.split('|')[1:12])}"
    assert grant == f"{'a' * 32}|600|1|7|Ann"
    assert core.kamailio.arguments_of("htable.sht_rm") == [("open", "sip:101@acme.example")]


def _expected(core: Core, facts: tuple[str, ...], seconds: int = 300) -> list[tuple[Any, ...]]:
    """What the script may repeat of a phone that this core has not heard yet."""
    core.kamailio.answers, core.kamailio.calls = PLAIN.answers(), []
    core.main.registering.expect(facts, seconds, core.main.this_worker())
    return _phones(core)


def test_a_phone_that_was_let_pass_is_expected_with_the_same_facts_after_a_restart(core: Core) -> None:
    """ADR 21: what stands in the journal leads to the same key and the same grant, for the time that is left."""
    core.answered(replace(PLAIN, policy=_commits(core)), shortly=True)
    ((_, key, grant, _),) = _phones(core)
    returning = returning_of(_last_event(core))
    assert returning is not None
    assert 595 < returning.until - time.time() <= 600
    assert _expected(core, returning.facts, 17) == [("phones", key, grant, 17)]


def test_an_address_without_expires_is_expected_like_that(core: Core) -> None:
    core.answered(replace(PLAIN, expires=None), shortly=True)
    returning = returning_of(_last_event(core))
    assert returning is not None
    assert returning.facts[-1] == "<null>"
    assert len(_expected(core, returning.facts)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"sender": "sip:102@acme.example", "receiver": "sip:102@acme.example"},
        {"sender": "sip:103@acme.example", "receiver": "sip:103@acme.example"},
        {"sender": "sip:999@acme.example", "receiver": "sip:999@acme.example"},
        {"sender": "sip:Eve@acme.example", "receiver": "sip:Eve@acme.example"},
        {"sender": "sip:104@other.example", "receiver": "sip:104@other.example"},
        {"receiver": "sip:102@acme.example"},
        {"sender": "sip:105@tls.example", "receiver": "sip:105@tls.example", "host": "tls.example"},
        {"host": "192.0.2.1", "target": "sip:192.0.2.1"},
        {"host": "stranger.example", "sender": "sip:101@stranger.example", "receiver": "sip:101@stranger.example"},
        {"agent": "a scanner"},
        {"contact": "*"},
        {"expires": "0"},
    ],
    ids=str,
)
def test_nobody_is_expected_whom_the_policy_would_not_let_pass_now(core: Core, change: dict[str, Any]) -> None:
    """Suspended, gone or spelt otherwise meanwhile; TLS only; a blocked user agent; a domain that is another's."""
    assert len(_expected(core, tuple(PLAIN.told.split("|")[1:12]))) == 1
    assert _expected(core, tuple(replace(PLAIN, **change).told.split("|")[1:12])) == []


@pytest.mark.parametrize(
    "change",
    [
        {"digest": -2},
        {"digest": -4},
        {"policy": "0"},
        {"policy": "999999"},
        {"policy": "-1"},
        {"checked": "-2"},
        {"host": "192.0.2.1", "target": "sip:192.0.2.1", "digest_uri": "sip:192.0.2.1"},
        {"name": "102", "sender": "sip:102@acme.example", "receiver": "sip:102@acme.example"},
    ],
    ids=str,
)
def test_nothing_else_may_be_repeated(core: Core, change: dict[str, Any]) -> None:
    """A wrong answer, another policy, a suspended account; nor a realm that is not the Request-URI's host."""
    core.answered(replace(PLAIN, **{"policy": _commits(core), **change}), shortly=True)
    assert _phones(core) == []


def test_a_digest_the_script_found_wrong_is_judged_and_not_checked_again(core: Core) -> None:
    """Its nonce is used up: a second check would call a wrong password stale, and nobody would count it."""
    done, effects = core.answered(replace(PLAIN, checked="-2"), shortly=True)
    assert done
    assert [event["kind"] for event in effects[1]] == ["auth.failed"]
    assert "auth.pv_auth_check" not in [name for name, _ in core.kamailio.calls]


def test_a_device_that_kamailio_had_forgotten_stands_in_the_journal_at_once(core: Core) -> None:
    facts = "|".join(PLAIN.told.split("|")[:12])
    core.kamailio.answers = {}
    core.main.ksr_begun_again(f'{facts}|{"a" * 32}|600|1|7|Ann|3|new "call" | id')
    (event,) = core._events()
    assert event["aor"] == ANN
    assert event["call_id"] == 'new "call" | id'
    assert (event["cseq"], event["display_name"]) == (3, "Ann")


NAMES = st.sampled_from([None, "101", "102", "103", "999", "Eve", "104", "101@x", "", "a|b"])
URIS = st.sampled_from(
    ["sip:101@acme.example", "sip:102@acme.example", "sip:999@acme.example", "sip:104@other.example",
     "sip:Eve@acme.example", "sip:101@192.0.2.1", "sip:101@ACME.example", "sip:101@stranger.example",
     "sip:" + "x" * 520 + "@acme.example"]
)  # fmt: skip
TARGETS = st.sampled_from(
    [("sip:acme.example", "acme.example"), ("sip:192.0.2.1", "192.0.2.1"), ("sip:other.example", "other.example"),
     ("sip:stranger.example", "stranger.example"), ("sip:ACME.example:5060", "ACME.example")]
)  # fmt: skip
AGENTS = st.one_of(st.sampled_from(["Phone/1.0", "a scanner", "<null>", None]), st.text(min_size=1, max_size=12))
CONTACTS = st.sampled_from(
    [
        "<sip:101@198.51.100.7>",
        "*",
        "<sip:a@b>;expires=5",
        "<sip:a@b>;q=1",
        "sip:a@b",
        '"A" <sip:a@b>',
        "<sip:a@b>,<sip:c@d>",
    ]
)
EXPIRES = st.sampled_from([None, "0", "30", "600", "7200", "4294967296", "x", "-1", "00", "٣"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(
    lambda target, **rest: Register(target=target[0], host=target[1], **rest),
    target=TARGETS, name=NAMES, sender=URIS, receiver=URIS, agent=AGENTS, contact=CONTACTS, expires=EXPIRES,
    digest_uri=st.sampled_from(["sip:acme.example", "sip:other.example", "sip:192.0.2.1", None]),
    transport=st.sampled_from(["udp", "tls"]), digest=st.sampled_from([1, -2, -4, -5, -6, -8, -1]),
    call_id=st.sampled_from(["c", "x" * 256, "x" * 257]),
))  # fmt: skip
def test_both_ways_agree_on_whatever_the_short_way_serves(core: Core, message: Register) -> None:
    """Attack cases: borrowed From, blocked user agent, suspended account, foreign domain, replayed digest."""
    done, effects = core.answered(message, shortly=True)
    assert effects == (core.answered(message, shortly=False)[1] if done else [[], []])
