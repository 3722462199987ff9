"""What each side of a call gets (reference: "SRTP and DTLS-SRTP for Audio and Video"; attack case 75)."""

from base64 import b64encode

import pytest

from ringfence.policy.relay.encryption import Encryption, Terms
from ringfence.policy.relay.media import (
    NOT_AS_OFFERED,
    NOTHING,
    NOWHERE,
    PLAIN_LEG,
    UNENCRYPTED,
    UNPROVED,
    UNWANTED,
    WEAK,
    Form,
    Leg,
    acceptable_part,
    agreed,
    decode_leg,
    encode_leg,
    is_proved,
    leg_of_asker,
    leg_towards,
    lesser_suites,
    may_be_at,
    objection_to_answer,
)

OFF, OFFERED, REQUIRED = (Terms(item) for item in Encryption)
STRONG = Terms(Encryption.REQUIRED, strong=True)
AES_128, AES_256, GCM_256 = "AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80", "AEAD_AES_256_GCM"
PLAIN = "v=0\r\nm=audio 4000 RTP/AVP 8\r\n"
DTLS = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
FINGERPRINT = f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\n"
BROWSER = DTLS + FINGERPRINT
KEY_BYTES = {AES_128: 30, AES_256: 46, GCM_256: 44}


def key(suite: str) -> str:
    return b64encode(bytes(range(KEY_BYTES.get(suite, 1)))).decode()


def keys(*suites: str, profile: str = "RTP/SAVP", more: str = "") -> str:
    lines = "".join(f"a=crypto:{n} {suite} inline:{key(suite)}{more}\r\n" for n, suite in enumerate(suites, 1))
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
        ("tls", REQUIRED, "", NOTHING),
        ("udp", OFFERED, "v=0\r\nm=audio 0 RTP/AVP 8\r\n", NOTHING),
        ("tls", OFFERED, PLAIN + "m=video 5000 RTP/SAVP 99\r\na=crypto:1 NULL_HMAC_SHA1_80 inline:AA\r\n", WEAK),
        ("tls", OFF, keys(AES_128) + "m=audio 5000 RTP/AVP 8\r\n", UNWANTED),
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


def test_an_offer_that_leaves_a_choice_is_taken_plainly_where_srtp_is_off() -> None:
    """The stream with keys keeps its place, refused (RFC 3264 section 6), and no key stays under the plain one."""
    twice = keys(AES_128) + "m=audio 5000 RTP/AVP 8\r\n" + f"a=crypto:1 {AES_128} inline:{key(AES_128)}\r\n"
    part = acceptable_part("tls", OFF, twice)
    assert part == "v=0\r\nm=audio 0 RTP/SAVP 8\r\nc=IN IP4 0.0.0.0\r\nm=audio 5000 RTP/AVP 8\r\n"
    assert leg_of_asker("tls", OFF, part) == PLAIN_LEG
    assert acceptable_part("tls", OFFERED, twice) == twice
    assert acceptable_part("tls", OFF, keys(AES_128)) == keys(AES_128), "nothing else to take: it is refused"
    assert acceptable_part("wss", OFF, BROWSER) == BROWSER


@pytest.mark.parametrize("suite", ["NULL_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "F8_128_HMAC_SHA1_80"])
def test_keys_that_are_never_used_do_not_stay_under_a_plain_stream(suite: str) -> None:
    """The relay would answer with one of them, and the sound only look encrypted."""
    body = keys(suite, profile="RTP/AVP")
    assert acceptable_part("udp", OFFERED, body) == keys(profile="RTP/AVP")
    assert acceptable_part("udp", STRONG, keys(AES_128, profile="RTP/AVP")) == keys(profile="RTP/AVP")


@pytest.mark.parametrize(
    "parameters",
    [
        "inline:",
        "inline:QUFB",
        f"inline:{'QUFB' * 11}",
        f"inline:{'QUFB' * 9}QUE",
        f"inline:{'Q!FB' * 10}",
        f"inline:{'QüFB' * 10}",
        f"uri:{key(AES_128)}",
        f"inline:{key(AES_128)};inline:QUFB",
        f"inline:{'AAAA' * 10}",
        f"inline:{'QUJDREVG' * 5}",
    ],
)
def test_a_suite_whose_key_is_none_is_not_usable(parameters: str) -> None:
    """Attack case 75. The relay would answer it without a key, and the sound would be plain."""
    body = f"v=0\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 {AES_128} {parameters}\r\n"
    assert leg_of_asker("tls", REQUIRED, body) == WEAK
    assert objection_to_answer(Leg(Form.SDES), body) == NOT_AS_OFFERED


def test_a_key_may_come_without_padding() -> None:
    """RFC 4568 section 6.1 can be read either way; the relay leaves it out unless told otherwise."""
    body = f"v=0\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 {GCM_256} inline:{key(GCM_256).rstrip('=')}\r\n"
    assert leg_of_asker("tls", STRONG, body) == Leg(Form.SDES, strong=True)


def test_a_key_may_have_a_lifetime_and_a_name() -> None:
    """RFC 4568 section 6.1; one line may hold several."""
    one = f"inline:{key(AES_128)}|2^20|1:4"
    body = f"v=0\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 {AES_128} {one};{one}\r\n"
    assert leg_of_asker("tls", REQUIRED, body) == Leg(Form.SDES)


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        "a=fingerprint:sha-256\r\n",
        "a=fingerprint:sha-256 AB\r\n",
        f"a=fingerprint:md5 {':'.join(['AB'] * 16)}\r\n",
        FINGERPRINT.replace("AB", "XY"),
        FINGERPRINT + "a=fingerprint:sha-256 AB\r\n",
        f"a=fingerprint:sha-1 {':'.join(['AB'] * 20)}\r\n",
        f"a=fingerprint:SHA-224 {':'.join(['AB'] * 28)}\r\n",
    ],
)
def test_dtls_says_whose_certificate_it_shows(attributes: str) -> None:
    """RFC 5763 section 5, RFC 8122 section 5: else anybody may answer."""
    assert leg_of_asker("udp", STRONG, DTLS + attributes) == UNPROVED
    assert leg_of_asker("wss", OFFERED, DTLS + attributes) == UNPROVED
    assert objection_to_answer(Leg(Form.DTLS), DTLS + attributes) == NOT_AS_OFFERED
    assert not is_proved(DTLS + attributes)
    assert is_proved(BROWSER)
    assert is_proved(PLAIN)


@pytest.mark.parametrize("line", [f"{AES_128} inline:{'QUFB' * 10}", "NULL_HMAC_SHA1_80 inline:x"])
def test_dtls_brings_no_other_keys(line: str) -> None:
    """RFC 5763 section 5: else the keys are those in the offer."""
    body = f"{BROWSER}a=crypto:1 {line}\r\n"
    assert leg_of_asker("udp", STRONG, body) == WEAK
    assert leg_of_asker("wss", OFFERED, body) == WEAK
    assert objection_to_answer(Leg(Form.DTLS), body) == NOT_AS_OFFERED
    assert not is_proved(body)


@pytest.mark.parametrize(
    "place",
    ["IN IP4 239.1.1.1/127", "IN IP4 224.0.0.1", "IN IP6 ff02::1", "IN IP4 phone.example.com", "IN IP4", "IN IP4 1 2"],
)
def test_the_sound_of_one_phone_is_at_one_address(place: str) -> None:
    """RFC 8866 section 5.7. The relay could not read most of them, and the phone heard 503."""
    body = PLAIN.replace("m=", f"c={place}\r\nm=")
    assert leg_of_asker("udp", OFFERED, body) == NOWHERE
    assert objection_to_answer(PLAIN_LEG, body) == NOWHERE


@pytest.mark.parametrize("place", ["IN IP4 0.0.0.0", "IN IP6 ::", "IN IP4 192.0.2.7", "IN IP4 10.1.1.1 "])
def test_a_held_call_and_a_browser_may_name_none(place: str) -> None:
    body = PLAIN.replace("m=", f"c={place}\r\nm=")
    assert leg_of_asker("udp", OFFERED, body) == PLAIN_LEG


def test_a_fingerprint_may_stand_for_the_whole_session_or_the_bundle() -> None:
    """RFC 8122 section 5, RFC 8843 section 7.1.3."""
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    session = DTLS.replace("v=0\r\n", f"v=0\r\n{FINGERPRINT}") + video
    bundled = BROWSER.replace("v=0\r\n", "v=0\r\na=group:BUNDLE 0 1\r\n") + video
    assert leg_of_asker("wss", OFF, session) == Leg(Form.DTLS, browser=True)
    assert leg_of_asker("wss", OFF, bundled) == Leg(Form.DTLS, browser=True)
    assert leg_of_asker("wss", OFF, BROWSER + video) == UNPROVED


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


@pytest.mark.parametrize(
    ("named", "source", "allowed"),
    [
        ("10.0.0.7", "10.0.0.1", True),
        ("9.9.9.7", "10.0.0.1", True),
        ("2001:4860::7", "[2001:4860::1]", True),
        ("169.254.169.254", "10.0.0.1", False),
        ("::1", "10.0.0.1", False),
        ("224.0.0.1", "10.0.0.1", False),
        ("0.0.0.0", "10.0.0.1", False),
        ("gateway.example", "10.0.0.1", False),
    ],
)
def test_where_the_sound_of_a_provider_may_be(named: str, source: str, allowed: bool) -> None:
    """Attack case 78."""
    assert may_be_at(named, source) is allowed


def test_what_a_provider_agreed_to_is_still_a_provider() -> None:
    leg = Leg(Form.BOTH, elsewhere=True)
    assert decode_leg(encode_leg(leg)) == leg
    assert agreed(leg, "m=audio 4000 RTP/AVP 8\r\n") == Leg(Form.PLAIN, elsewhere=True)
