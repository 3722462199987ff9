"""What each side of a call gets (reference: "SRTP and DTLS-SRTP for Audio and Video"; attack case 75)."""

import pytest

from ringfence.policy.encryption import Encryption, Terms
from ringfence.policy.media import (
    NOT_AS_OFFERED,
    PLAIN_LEG,
    UNENCRYPTED,
    UNWANTED,
    WEAK,
    Form,
    Leg,
    agreed,
    decode_leg,
    encode_leg,
    leg_of_asker,
    leg_towards,
    lesser_suites,
    objection_to_answer,
)

OFF, OFFERED, REQUIRED = (Terms(item) for item in Encryption)
STRONG = Terms(Encryption.REQUIRED, strong=True)
AES_128, AES_256, GCM_256 = "AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80", "AEAD_AES_256_GCM"
PLAIN = "v=0\r\nm=audio 4000 RTP/AVP 8\r\n"
BROWSER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fingerprint:sha-256 AB\r\n"


def keys(*suites: str, profile: str = "RTP/SAVP", more: str = "") -> str:
    lines = "".join(f"a=crypto:{number} {suite} inline:x{more}\r\n" for number, suite in enumerate(suites, 1))
    return f"v=0\r\nm=audio 4000 {profile} 8\r\n{lines}"


@pytest.mark.parametrize(
    ("transport", "terms", "body", "expected"),
    [
        ("udp", OFFERED, PLAIN, PLAIN_LEG),
        ("udp", OFF, PLAIN, PLAIN_LEG),
        ("udp", REQUIRED, PLAIN, UNENCRYPTED),
        ("tls", REQUIRED, PLAIN + "m=video 5000 RTP/SAVP 99\r\n", UNENCRYPTED),
        ("tls", REQUIRED, keys(AES_128) + "m=video 5000 RTP/AVP 99\r\n", UNENCRYPTED),
        ("tls", REQUIRED, keys(AES_128) + "m=video 0 RTP/AVP 99\r\n", Leg(Form.SDES)),
        ("tls", REQUIRED, "", PLAIN_LEG),
        ("tls", OFFERED, keys(AES_128), Leg(Form.SDES)),
        ("tls", OFF, keys(AES_128), UNWANTED),
        ("tls", OFFERED, keys("NULL_HMAC_SHA1_80"), WEAK),
        ("tls", OFFERED, keys("AES_CM_128_HMAC_SHA1_32"), WEAK),
        ("tls", OFFERED, keys(), WEAK),
        ("tls", OFFERED, keys(AES_128, more=" UNENCRYPTED_SRTP"), WEAK),
        ("tls", OFFERED, keys(AES_128, more=" unauthenticated_srtp"), WEAK),
        ("tls", STRONG, keys(AES_128), WEAK),
        ("tls", STRONG, keys(AES_128, AES_256), Leg(Form.SDES, strong=True)),
        ("tls", OFFERED, keys(AES_128, profile="RTP/AVP"), Leg(Form.BOTH)),
        ("tls", OFF, keys(AES_128, profile="RTP/AVP"), PLAIN_LEG),
        ("tls", REQUIRED, keys(AES_128, profile="RTP/AVP"), UNENCRYPTED),
        ("wss", OFF, BROWSER, Leg(Form.DTLS, browser=True)),
        ("udp", OFF, BROWSER, UNWANTED),
        ("udp", OFFERED, BROWSER, Leg(Form.DTLS)),
    ],
)
def test_the_leg_of_whoever_makes_an_offer(transport: str, terms: Terms, body: str, expected: object) -> None:
    assert leg_of_asker(transport, terms, body) == expected


@pytest.mark.parametrize(
    ("transport", "terms", "expected"),
    [
        ("udp", OFF, PLAIN_LEG),
        ("tls", OFF, PLAIN_LEG),
        ("udp", OFFERED, PLAIN_LEG),
        ("tls", OFFERED, Leg(Form.BOTH)),
        ("udp", REQUIRED, Leg(Form.SDES)),
        ("tls", STRONG, Leg(Form.SDES, strong=True)),
        ("ws", OFF, Leg(Form.DTLS, browser=True)),
        ("wss", STRONG, Leg(Form.DTLS, browser=True, strong=True)),
    ],
)
def test_the_leg_that_is_offered(transport: str, terms: Terms, expected: Leg) -> None:
    """Keys in an offer are private over TLS only; whoever requires SRTP gets no other offer."""
    assert leg_towards(transport, terms) == expected


@pytest.mark.parametrize(
    ("transport", "terms", "form"),
    [("udp", OFFERED, Form.SDES), ("tls", OFFERED, Form.SDES), ("tls", OFF, Form.PLAIN), ("wss", OFFERED, Form.DTLS)],
)
def test_a_phone_that_insists_on_srtp_is_offered_nothing_else(transport: str, terms: Terms, form: Form) -> None:
    """But not where encrypted media is switched off (reference "SRTP and DTLS-SRTP for Audio and Video")."""
    assert leg_towards(transport, terms, insists=True).form is form


@pytest.mark.parametrize(
    ("leg", "answer", "expected"),
    [
        (Leg(Form.SDES), PLAIN, NOT_AS_OFFERED),
        (Leg(Form.SDES), keys(AES_128), None),
        (Leg(Form.SDES), keys("NULL_HMAC_SHA1_80"), NOT_AS_OFFERED),
        (Leg(Form.SDES, strong=True), keys(AES_128), NOT_AS_OFFERED),
        (Leg(Form.SDES, strong=True), keys(GCM_256), None),
        (Leg(Form.DTLS, browser=True), PLAIN, NOT_AS_OFFERED),
        (Leg(Form.DTLS, browser=True), BROWSER, None),
        (Leg(Form.BOTH), PLAIN, None),
        (PLAIN_LEG, PLAIN, None),
    ],
)
def test_an_answer_may_not_be_weaker_than_what_was_offered(leg: Leg, answer: str, expected: object) -> None:
    assert objection_to_answer(leg, answer) == expected


def test_a_phone_that_did_not_take_the_keys_has_plain_rtp() -> None:
    assert agreed(Leg(Form.BOTH), PLAIN) == PLAIN_LEG
    assert agreed(Leg(Form.BOTH), keys(AES_128, profile="RTP/AVP")) == Leg(Form.BOTH)
    assert agreed(Leg(Form.SDES), PLAIN) == Leg(Form.SDES)


def test_keys_of_256_bits_come_first() -> None:
    assert lesser_suites(keys(AES_128, AES_256)) == (AES_128,)
    assert lesser_suites(keys(GCM_256, AES_256)) == (AES_256,)
    assert lesser_suites(keys(AES_128)) == ()
    assert lesser_suites(keys(AES_128, AES_256) + keys(AES_128)[4:]) == ()


def test_what_is_never_used_gives_way_to_what_is() -> None:
    """Attack case 75; an offer of nothing else stays as it is, to be refused."""
    assert lesser_suites(keys("NULL_HMAC_SHA1_80", AES_128)) == ("NULL_HMAC_SHA1_80",)
    assert lesser_suites(keys("(", "F8_128_HMAC_SHA1_80", AES_128)) == ("(", "F8_128_HMAC_SHA1_80")
    assert lesser_suites(keys("NULL_HMAC_SHA1_80")) == ()


ALL = [Leg(form, browser, strong) for form in Form for browser in (False, True) for strong in (False, True)]


@pytest.mark.parametrize("leg", ALL)
def test_a_leg_survives_the_dialog(leg: Leg) -> None:
    assert decode_leg(encode_leg(leg)) == leg


def test_a_call_from_before_legs_were_written_down_is_plain() -> None:
    assert decode_leg("") == PLAIN_LEG
    with pytest.raises(ValueError, match="nonsense"):
        decode_leg("nonsense")


def test_an_extension_may_have_a_setting_of_its_own() -> None:
    """What a tenant says of key lengths holds all the same."""
    assert Terms(Encryption.OFFERED, strong=True).of_extension(Encryption.REQUIRED) == STRONG
    assert OFFERED.of_extension(None) is OFFERED


@pytest.mark.parametrize(("old", "new"), [("none", Encryption.OFF), ("srtp", Encryption.REQUIRED)])
def test_the_words_that_trunks_had_before_still_mean_the_same(old: str, new: Encryption) -> None:
    assert Encryption(old) is new
