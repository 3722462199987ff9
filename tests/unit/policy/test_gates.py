"""Every gate and route as a table of cases (cases/*.toml), and what must hold for all of them."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.book import BlockedUserAgent, Book, Role, Subscriber, Tenant
from ringfence.policy.decide import GATES, GREETING_GATES, PACKET_GATES, REGISTRATION_GATES, decide, screen
from ringfence.policy.index import build_index
from ringfence.policy.model import Answer, Credentials, Packet, Request, RingExtension, SaveContacts

CASES = Path(__file__).parent / "cases"
PLAIN_PACKET = Packet(500, 1, 1, 1, 1, 1, 1, 1, 1, 20, 32, stream=False)
ANN = Subscriber("101@a.example", 1, 1, "staff", True, "Ann", "h", "h")
BOB = replace(ANN, aor="102@a.example", user_id=2)
SUSPENDED = replace(ANN, aor="103@a.example", user_id=3, active=False)
OTHER = replace(ANN, aor="201@b.example", tenant_id=2, user_id=4)
SUBSCRIBERS = {person.aor: person for person in (ANN, BOB, SUSPENDED, OTHER)}
INDEX = build_index(
    Book(
        tenants=(Tenant(1, "A", "a.example"), Tenant(2, "B", "b.example"), Tenant(3, "T", "t.example", tls_only=True)),
        roles=(
            Role("staff", True, False, False),
            Role("listener", False, True, True),
            Role("local", True, True, False),
            Role("traveller", True, True, True),
        ),
        own_hosts=("192.0.2.1",),
        default_domain="a.example",
        blocked_user_agents=(BlockedUserAgent("friendly-scanner"), BlockedUserAgent("  ")),
    )
)
REGISTERING = Request(
    "REGISTER",
    "",
    "a.example",
    "sip:a.example",
    "101",
    "a.example",
    "101",
    "a.example",
    "198.51.100.7",
    "Phone",
    1,
    expires=300,
)


def cases_of(name: str) -> list[Any]:
    entries = tomllib.loads((CASES / f"{name}.toml").read_text())["case"]
    return [pytest.param(entry, id=entry["name"]) for entry in entries]


def request_from(facts: dict[str, Any]) -> Request:
    facts = dict(facts)
    caller = {"none": None, "suspended": SUSPENDED}.get(facts.pop("caller", ""), ANN)
    if caller and "role" in facts:
        caller = replace(caller, role=facts.pop("role"))
    answer = facts.pop("answer", Answer.RIGHT)
    facts["certificate"] = tuple(facts.get("certificate", ()))
    facts["more_agents"] = tuple(facts.get("more_agents", ()))
    uri = facts.pop("digest_uri", facts.get("target_uri", REGISTERING.target_uri))
    return REGISTERING._replace(credentials=Credentials("101", uri, answer), caller=caller, **facts)


@pytest.mark.parametrize("case", cases_of("packet"))
def test_packet_gates_decide_as_the_table_says(case: dict[str, Any]) -> None:
    objection = screen(PLAIN_PACKET._replace(**case["facts"]))
    assert (objection.rule if objection else None) == case.get("rule")
    if objection and "code" in case:
        assert objection.code == case["code"]


@pytest.mark.parametrize("case", cases_of("requests"))
def test_requests_are_decided_as_the_table_says(case: dict[str, Any]) -> None:
    verdict = decide(request_from(case["facts"]), INDEX, SUBSCRIBERS.get)
    assert verdict.rule == case["rule"]
    if "code" in case:
        assert getattr(verdict, "code", None) == case["code"]


def test_every_gate_has_a_case_that_fires_and_a_sentence_for_people() -> None:
    fired = {param.values[0].get("rule") for name in ("packet", "requests") for param in cases_of(name)}
    for gate in (*PACKET_GATES, *GREETING_GATES, *GATES, *REGISTRATION_GATES):
        rule = f"{gate.__module__.rpartition('.')[2]}.{gate.__name__}"
        assert rule in fired, f"no case fires {rule}"
        assert (gate.__doc__ or "").strip(), f"{rule} has no docstring"


@given(
    method=st.sampled_from(["REGISTER", "INVITE", "OPTIONS", "MESSAGE", "BYE", "x"]),
    user=st.text(max_size=8),
    host=st.sampled_from(["a.example", "b.example", "192.0.2.1", "evil", ""]),
    answer=st.integers(-10, 2),
)
def test_nobody_without_a_proved_identity_ever_gets_through(method: str, user: str, host: str, answer: int) -> None:
    stranger = REGISTERING._replace(
        method=method,
        target_user=user,
        target_host=host,
        from_user=user,
        to_user=user,
        credentials=Credentials(user, "sip:a.example", answer),
    )
    assert not isinstance(decide(stranger, INDEX, SUBSCRIBERS.get), RingExtension | SaveContacts)


@given(answer=st.integers(-10, 2).filter(lambda code: code != Answer.RIGHT))
def test_only_the_right_answer_proves_an_identity(answer: int) -> None:
    request = request_from({})._replace(credentials=Credentials("101", "sip:a.example", answer))
    assert decide(request, INDEX, SUBSCRIBERS.get).rule == "identity.authenticated"


def test_a_book_whose_default_domain_is_nobodys_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to no tenant"):
        build_index(Book(default_domain="a.example"))
