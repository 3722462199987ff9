"""`ringfence ban explain`: the facts as sentences, and nothing an attacker sent reaches the terminal raw."""

from typing import Any

from ringfence.cli.ban import explanation

EVIDENCE = {
    "count": 50,
    "limit": 50,
    "window": 10,
    "first_at": 1_000.0,
    "last_at": 1_004.5,
    "accounts": ["101@acme.example", "102@acme.example"],
    "distinct_accounts": 30,
    "user_agents": ["friendly\x1b[2Jscanner"],
    "methods": ["REGISTER"],
    "transports": ["udp"],
    "reasons": {"unknown_account": 40, "wrong_password": 10},
    "healthy": [],
}


def facts(**changes: Any) -> dict[str, Any]:
    ban = {
        "address": "192.0.2.66",
        "rule": "antihacking.failed_authentication",
        "reason": "50 failed authentications within 10 s",
        "by": "guard",
        "since": 1_004.5,
        "until": 4_604.5,
        "seconds_left": 3_599.0,
        "in_kernel": True,
        "evidence": EVIDENCE,
    }
    known: dict[str, Any] = {
        "address": "192.0.2.66",
        "banned": True,
        "ban": ban,
        "entry": None,
        "never_block": None,
        "registered": [],
        "past": [],
    }
    return {**known, **changes}


def test_it_tells_what_why_until_and_how_to_lift() -> None:
    text = "\n".join(explanation(facts()))
    for part in (
        "192.0.2.66 is banned: its packets are dropped in the kernel.",
        "antihacking.failed_authentication",
        "59 min 59 s left",
        "50 in 4.5 s (40 × unknown account, 10 × wrong password)",
        "50 in 10 s",
        "101@acme.example, 102@acme.example + 28",
        "ringfence ban remove 192.0.2.66",
        "ringfence allow add 192.0.2.66",
    ):
        assert part in text


def test_escape_sequences_of_an_attacker_are_not_obeyed() -> None:
    assert "\x1b" not in "\n".join(explanation(facts()))


def test_an_address_that_is_free_is_told_with_what_else_is_known() -> None:
    entry = {"target": "allow", "cidr": "192.0.2.0/24", "description": "office"}
    past = [{"rule": "r", "since": 1.0, "ended": 2.0, "ended_by": "ann", "ended_why": "lifted by hand"}]
    text = "\n".join(
        explanation(facts(ban=None, entry=entry, never_block="the network gateway", registered=["1@a"], past=past))
    )
    assert "192.0.2.66 is not banned." in text
    assert "The allow entry 192.0.2.0/24 covers it (office)." in text
    assert "the network gateway" in text
    assert "1@a" in text
    assert "lifted by hand by ann" in text
    assert "To lift it" not in text


def test_who_is_spared_by_the_ban_of_a_64_is_told_so() -> None:
    entry = {"target": "allow", "cidr": "2001:db8::5/128", "description": "a phone"}
    ban = {**facts()["ban"], "address": "2001:db8::/64", "spared": ["2001:db8::5/128"]}
    text = "\n".join(explanation(facts(ban=ban, banned=False, entry=entry)))
    assert "Spares: 2001:db8::5/128, by allow entries" in text
    assert "The allow entry 2001:db8::5/128 covers it (a phone), so the ban does not touch it." in text
    assert "does not touch" not in "\n".join(explanation(facts(ban=ban)))


def test_a_ban_of_another_door_is_told_and_says_that_sip_is_untouched() -> None:
    web = {**facts()["ban"], "scope": "web", "in_kernel": False, "evidence": {"count": 6}}
    text = "\n".join(explanation(facts(ban=None, doors=[web])))
    assert "it cannot sign in to portal and REST; SIP is not touched" in text
    assert "ringfence ban remove 192.0.2.66" in text


def test_the_messages_a_ban_rests_on_are_shown() -> None:
    evidence = {**EVIDENCE, "first_message": "REGISTER sip:a SIP/2.0\nFrom: x\x1b[2J", "blocked_agents": 7}
    text = "\n".join(explanation(facts(ban={**facts()["ban"], "evidence": evidence})))
    assert "First message:\n    REGISTER sip:a SIP/2.0\n    From: x?[2J" in text
    assert "Messages of blocked user agents, dropped besides: 7" in text


def test_it_tells_why_a_source_over_the_limit_was_spared() -> None:
    """One phone with a wrong password in an office: whoever is locked out for it must be able to see that."""
    proof = {**EVIDENCE, "count": 120, "rule": "antihacking.failed_authentication"}
    spared = [{"t": 1_004.5, "why": "office.healthy", "protects": "102@acme.example", "evidence": proof}]
    text = "\n".join(explanation(facts(ban=None, banned=False, spared=spared)))
    assert "120 in 10 s (limit 50) for 101@acme.example, 102@acme.example  [antihacking.failed_authentication]" in text
    assert "the accounts that failed were slowed" in text
