"""What the page of a trunk says of each address (reference: "Register-Based Authentication")."""

from typing import Any

from ringfence.guard.live.trunks import Trunks

KEY = "7 192.0.2.1:5060"


def _told(*events: dict[str, Any]) -> dict[str, Any]:
    trunks = Trunks()
    for event in events:
        trunks.seen(b"", {"t": 1.0, "trunk_id": 7, "address": "192.0.2.1:5060", **event})
    return trunks.listing()[KEY]


def test_an_answer_to_options_does_not_hide_why_the_registration_is_refused() -> None:
    refused = {"registration": "refused", "detail": "the password is refused"}
    alive = {"state": "up", "latency_ms": 1.0, "detail": ""}
    assert _told(refused, alive)["detail"] == "the password is refused"
    assert _told(refused, alive, {"registration": "registered", "detail": ""})["detail"] == ""
    assert _told(refused, {"state": "down", "latency_ms": None, "detail": "OPTIONS: 408"})["detail"] == "OPTIONS: 408"
    assert _told({"state": "down", "detail": "OPTIONS: 408"}, alive)["detail"] == ""
