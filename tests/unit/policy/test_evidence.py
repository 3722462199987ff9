"""Issue 3, 6: a ban shows its evidence, in the same words everywhere."""

from ringfence.policy.offenders.evidence import told

EVIDENCE = {
    "rule": "antihacking.failed_authentication",
    "source": "192.0.2.66",
    "count": 50,
    "limit": 50,
    "window": 10,
    "first_at": 1_000.0,
    "last_at": 1_004.5,
    "accounts": ["101@acme.example", "102@acme.example"],
    "distinct_accounts": 30,
    "user_agents": ["friendly-scanner"],
    "methods": ["REGISTER"],
    "transports": ["udp"],
    "reasons": {"unknown_account": 40, "wrong_password": 10},
    "healthy": [],
    "blocked_agents": 7,
    "last_message": "REGISTER sip:a SIP/2.0\nFrom: x",
    "translated": False,
}


def clock(stamp: float) -> str:
    return f"at {stamp:g}"


def test_the_heaviest_piece_comes_first_and_empty_ones_are_left_out() -> None:
    assert told(EVIDENCE, clock) == [
        ("counted", "50 in 4.5 s (40 × unknown account, 10 × wrong password)"),
        ("limit", "50 in 10 s"),
        ("first and last", "at 1000, at 1004.5"),
        ("accounts tried", "101@acme.example, 102@acme.example + 28"),
        ("user agents", "friendly-scanner"),
        ("methods", "REGISTER"),
        ("transports", "udp"),
        ("messages of blocked user agents, dropped besides", "7"),
        ("last message", "REGISTER sip:a SIP/2.0\nFrom: x"),
    ]


def test_evidence_of_somebody_else_is_told_as_it_is() -> None:
    """Whoever closes the door of portal or provisioning counts other things."""
    other = {"count": 6, "limit": 5, "what_else": {"bad_password": 3}, "seen": 1_795_508_401.5, "tried": [1, "x"]}
    assert told(other, clock) == [
        ("counted", "6"),
        ("limit", "5"),
        ("what else", "3 × bad password"),
        ("seen", "at 1.79551e+09"),
        ("tried", "1, x"),
    ]


def test_a_ban_by_hand_rests_on_nothing_counted() -> None:
    assert told({}, clock) == []
