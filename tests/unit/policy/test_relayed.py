"""What the relay says of a call is read without trusting its shape (issue 6 part 3)."""

import pytest

from ringfence.policy.relay.media import Form, Leg
from ringfence.policy.relay.relayed import Flow, described, flows, place, suite

REPORT = {
    "tags": {
        "a": {"medias": [{"flags": ["ICE"], "streams": [
            {"local port": 46000, "endpoint": {"address": "192.0.2.1"}, "crypto suite": "AEAD_AES_256_GCM"},
        ]}]},
        "b": {"medias": [{"flags": [], "streams": [{"local port": 46010}, {"local port": 0}, "x"]}]},
    }
}  # fmt: skip


def test_ports_peers_and_suites() -> None:
    assert flows(REPORT) == (Flow(46000, "192.0.2.1", True), Flow(46010, "", False))
    assert (suite(REPORT, "a"), suite(REPORT, "b"), suite(REPORT, "c")) == ("AEAD_AES_256_GCM", "", "")


@pytest.mark.parametrize("nonsense", [{}, {"tags": 1}, {"tags": {"a": 1}}, {"tags": {"a": {"medias": [1, {}]}}}])
def test_nonsense_is_nothing(nonsense: dict[str, object]) -> None:
    assert flows(nonsense) == ()
    assert suite(nonsense, "a") == ""


def test_a_suite_is_a_name_and_nothing_else() -> None:
    hostile = {"tags": {"a": {"medias": [{"streams": [{"crypto suite": "<script>"}]}]}}}
    assert suite(hostile, "a") == ""


def test_a_side_that_is_not_encrypted_has_no_suite() -> None:
    assert described(Leg(), "AEAD_AES_256_GCM") == "RTP"
    assert described(Leg(Form.DTLS, browser=True), "") == "DTLS-SRTP"
    assert described(Leg(Form.BOTH), "AES_CM_128_HMAC_SHA1_80") == "SRTP AES_CM_128_HMAC_SHA1_80"


def test_the_relays_own_place_is_known_or_nothing_is() -> None:
    """ADR 47: two calls are tied there, so no half of an address will do."""
    streams = [{"local address": "192.0.2.1", "local port": 45000}]
    assert place({"tags": {"a": {"medias": [{"streams": streams}]}}}, "a") == ("192.0.2.1", 45000)
    for found in ([], ["x"], [{"local port": 45000}], [{"local address": "192.0.2.1", "local port": "45000"}]):
        assert place({"tags": {"a": {"medias": [{"streams": found}]}}}, "a") is None
    assert place({}, "a") is None
