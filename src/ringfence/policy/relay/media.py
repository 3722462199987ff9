"""What each side of a call gets to send and hear its media with: plain RTP, SRTP with keys in the offer, or DTLS-SRTP.

Reference: "SRTP and DTLS-SRTP for Audio and Video". The relay stands between the sides, so each has its own leg: what
one side speaks says nothing about the other (RFC 3711, RFC 4568, RFC 5763, RFC 8643, RFC 8827).
"""

import re
from binascii import a2b_base64
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from ringfence.policy.model import Refuse
from ringfence.policy.relay.carried import keyless_where_plain, plain_only
from ringfence.policy.relay.encryption import Encryption, Terms


class Form(StrEnum):
    """How one leg's media is carried."""

    PLAIN = "plain"
    BOTH = "both"
    """Plain RTP that says it could be SRTP (RFC 8643): a phone that knows nothing of that goes on as ever."""
    SDES = "sdes"
    DTLS = "dtls"


@dataclass(frozen=True, slots=True)
class Leg:
    """The media of one side. `browser`: with ICE, and RTCP on the same port (RFC 8834, RFC 8839, RFC 5761).
    `elsewhere`: as agreed with it (`Terms`).
    """

    form: Form = Form.PLAIN
    browser: bool = False
    strong: bool = False
    elsewhere: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether nothing of this leg may ever be plain."""
        return self.form in (Form.SDES, Form.DTLS)


PLAIN_LEG: Final = Leg()
WEB: Final = frozenset({"ws", "wss"})
"""Transports of browsers."""
PRIVATE: Final = WEB | {"tls"}
"""Transports that keep the keys of an offer private (RFC 4568 section 7)."""

STRONG_SUITES: Final = ("AEAD_AES_256_GCM", "AES_256_CM_HMAC_SHA1_80")
"""RFC 7714, RFC 6188; the first is asked for first."""
SUITES: Final = (*STRONG_SUITES, "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80")
"""All that is ever used. Not among them: no cipher at all, tags of 32 bits, F8, and keys of 192 bits."""

_KEY_BYTES: Final = {
    "AEAD_AES_256_GCM": 44,
    "AES_256_CM_HMAC_SHA1_80": 46,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
}
"""Key and salt of each suite (RFC 7714 section 14.2, RFC 6188, RFC 4568 section 6.2)."""

_MOST_ALIKE: Final = 20
"""Bytes of a key that are like another one of it; of 46 by chance there are four. A phone without chance has more."""

_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Not among them: MD2 and MD5, which must not be used, and SHA-1, which is no proof any more (RFC 8122 section 5)."""

MOST_ADDRESSES: Final = 4
_PORT_ALONE: Final = re.compile(r"a=rtcp:\d+\s*")
_WEAKENING: Final = ("UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP")
"""Session parameters that switch parts of the protection off (RFC 4568 section 6.3)."""

NOTHING: Final = Refuse("media.nothing", 488, "Not Acceptable Here")
UNENCRYPTED: Final = Refuse("media.required", 488, "Not Acceptable Here")
UNWANTED: Final = Refuse("media.off", 488, "Not Acceptable Here")
WEAK: Final = Refuse("media.suite", 488, "Not Acceptable Here")
UNPROVED: Final = Refuse("media.fingerprint", 488, "Not Acceptable Here")
NOWHERE: Final = Refuse("media.address", 488, "Not Acceptable Here")
NOT_AS_OFFERED: Final = Refuse("media.answer", 488, "Not Acceptable Here")


WARNINGS: Final = {
    NOTHING.rule: "The offer has no stream that is carried here",
    UNENCRYPTED.rule: "Encrypted media (SRTP) is required",
    UNWANTED.rule: "Encrypted media is not used here",
    WEAK.rule: "No acceptable crypto suite",
    UNPROVED.rule: "DTLS-SRTP needs a fingerprint of SHA-256 or better",
    NOWHERE.rule: "The offer asks for its sound at an address that cannot be one phone's",
}
"""What the refused phone is told beside the code (RFC 3261 section 20.43)."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of an offer or answer: its profile, and the suites of its keys.

    `fingerprint`: it says whose certificate DTLS will show. `keys`: there are lines with keys, good or not.
    """

    profile: str
    suites: tuple[str, ...] = ()
    fingerprint: bool = False
    keys: bool = False

    @property
    def form(self) -> Form:
        if self.profile.startswith("UDP/TLS/"):
            return Form.DTLS
        return Form.SDES if "SAVP" in self.profile else Form.PLAIN


def streams(body: str) -> tuple[Stream, ...]:
    """The streams of a session description that carry anything (RFC 8866); a port of 0 refuses a stream.

    >>> streams("m=audio 4000 RTP/AVP 8\\r\\nm=video 0 RTP/AVP 99\\r\\n")
    (Stream(profile='RTP/AVP', suites=(), fingerprint=False, keys=False),)
    """
    text = f"\n{body}".replace("\r", "\n")
    session, *parts = text.split("\nm=")
    shared = text if "\na=group:BUNDLE" in session else session  # a bundled stream may leave it to another (RFC 8843)
    found: list[Stream] = []
    for part in parts:
        head, _, rest = part.partition("\n")
        words = head.split()
        if len(words) > 2 and words[1] != "0":
            fingerprint = _fingerprint(rest if "a=fingerprint:" in rest else shared)
            found.append(Stream(words[2].upper(), _suites(rest), fingerprint, "a=crypto:" in rest))
    return tuple(found)


def _fingerprint(attributes: str) -> bool:
    """Whether each fingerprint of them is one (RFC 8122 section 5), and there is one."""
    lines = [line.partition(":")[2].split() for line in attributes.split("\n") if line.startswith("a=fingerprint:")]
    return bool(lines) and all(len(words) == 2 and _is_digest(*words) for words in lines)


def _is_digest(algorithm: str, digest: str) -> bool:
    length = _DIGEST_BYTES.get(algorithm.lower(), 0)
    return length > 0 and re.fullmatch(f"[0-9A-Fa-f]{{2}}(:[0-9A-Fa-f]{{2}}){{{length - 1}}}", digest) is not None


def addresses(body: str) -> tuple[str, ...]:
    """Where a session description says that its media is received (RFC 8866 section 5.7), without repetition.

    >>> addresses("c=IN IP4 192.0.2.1\\r\\nm=audio 4000 RTP/AVP 8\\r\\nc=IN IP4 192.0.2.1\\r\\n")
    ('192.0.2.1',)
    """
    return tuple(one for one in destinations(body, ("c=",)) if one)[:MOST_ADDRESSES]


def destinations(body: str, of: tuple[str, ...] = ("c=", "a=rtcp:")) -> tuple[str, ...]:
    """Every address that media or its reports are asked for at (RFC 8866, RFC 3605), without repetition; empty for one
    that cannot be read.

    >>> destinations("c=IN IP4 192.0.2.1/127\\r\\na=rtcp:4001\\r\\na=rtcp:4001 IN IP4 192.0.2.2\\r\\nc=IN IP4\\r\\n")
    ('192.0.2.1', '192.0.2.2', '')
    """
    lines = (line for line in f"{body}".replace("\r", "\n").split("\n") if line.startswith(of))
    words = (line.partition("IN IP")[2].split() for line in lines if not _PORT_ALONE.fullmatch(line))
    return tuple(dict.fromkeys(rest[1].partition("/")[0] if len(rest) == 2 else "" for rest in words))


def _somewhere(body: str) -> bool:
    """Whether the relay can read each address, and none is that of a group (RFC 8866 section 5.7): it knows neither
    names nor scopes.
    """
    lines = (line.split() for line in body.replace("\r", "\n").split("\n") if line.startswith("c="))
    return all(len(words) == 3 and _is_one_phone(words[2]) for words in lines)


def _is_one_phone(address: str) -> bool:
    try:
        return not ip_address(address).is_multicast
    except ValueError:
        return False


def may_be_at(named: str, source: str) -> bool:
    """Whether a provider whose signalling comes from `source` can have its sound at this address: one of the Internet,
    or of the network that both are in. Loopback, a link's own and such are nobody's but this machine's (case 78).

    >>> may_be_at("9.9.9.7", "8.8.8.8"), may_be_at("10.0.0.7", "8.8.8.8"), may_be_at("127.0.0.1", "10.0.0.1")
    (True, False, False)
    """
    try:
        place, seen = ip_address(named), ip_address(source.strip("[]"))
    except ValueError:
        return False
    if place.is_loopback or place.is_link_local or place.is_multicast or place.is_unspecified:
        return False
    return place.is_global or not seen.is_global


def _suites(attributes: str) -> tuple[str, ...]:
    """None of them if one is weakened: which of its keys such a phone means to use cannot be told."""
    lines = [line[len("a=crypto:") :].split() for line in attributes.split("\n") if line.startswith("a=crypto:")]
    if any(word.upper() in _WEAKENING for words in lines for word in words[3:]):
        return ()
    return tuple(words[1] for words in lines if len(words) > 2 and _holds_key(words[1], words[2]))


def _holds_key(suite: str, parameters: str) -> bool:
    """A suite whose key is none would be answered without one, and the sound would be plain (RFC 4568 section 6.1)."""
    length = _KEY_BYTES.get(suite)
    return length is None or all(_is_key(one, length) for one in parameters.split(";"))


def _is_key(parameter: str, length: int) -> bool:
    """With or without padding: RFC 4568 section 6.1 can be read either way, and phones do."""
    method, _, value = parameter.partition(":")
    digits = value.partition("|")[0].rstrip("=")
    try:
        key = a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
    except ValueError:
        return False
    return method == "inline" and len(key) == length and length - len(set(key)) <= _MOST_ALIKE


def acceptable_part(transport: str, terms: Terms, body: str) -> str:
    """The offer without streams and keys that a party may not use, where it leaves a choice: a plain stream.

    Legacy phones offer a stream twice, plain and with keys, or put keys under a plain stream (RFC 8643).
    """
    if "a=crypto:" not in body and "SAVP" not in body:
        return body
    if terms.encryption is Encryption.OFF and transport not in WEB:
        return plain_only(body)
    plain = [stream for stream in streams(body) if stream.form is Form.PLAIN]
    return body if all(_usable(stream, terms) for stream in plain) else keyless_where_plain(body)


def leg_of_asker(transport: str, terms: Terms, body: str) -> Leg | Refuse:
    """The leg of a party that makes this offer, or why it is refused. A browser's media is never plain."""
    offered = streams(body)
    if not offered:
        return NOTHING
    if not _somewhere(body):
        return NOWHERE
    plain = [stream for stream in offered if stream.form is Form.PLAIN]
    encrypted = [stream for stream in offered if stream.form is not Form.PLAIN]
    if terms.encryption is Encryption.REQUIRED and plain:
        return UNENCRYPTED
    if terms.encryption is Encryption.OFF and encrypted and transport not in WEB:
        return UNWANTED
    if any(stream.form is Form.DTLS and not stream.fingerprint for stream in encrypted):
        return UNPROVED
    if not all(_usable(stream, terms) if stream.form is Form.SDES else _proved(stream) for stream in encrypted):
        return WEAK
    if not plain:
        return Leg(_weakest(offered), transport in WEB, terms.strong)
    opportunistic = terms.encryption is Encryption.OFFERED and all(_usable(stream, terms) for stream in offered)
    return Leg(Form.BOTH, strong=terms.strong) if opportunistic else PLAIN_LEG


def leg_towards(transport: str, terms: Terms, *, insists: bool = False) -> Leg:
    """The leg that is offered to a party which is reached over this transport.

    `insists`: it refused the offer that left SRTP to it. Its keys may then pass where others can read them: the sound
    itself would otherwise.
    """
    if transport in WEB:
        return Leg(Form.DTLS, browser=True, strong=terms.strong)
    if terms.encryption is Encryption.REQUIRED or (insists and terms.encryption is Encryption.OFFERED):
        return Leg(Form.SDES, strong=terms.strong)
    if terms.encryption is Encryption.OFFERED and transport in PRIVATE:
        return Leg(Form.BOTH, strong=terms.strong)
    return PLAIN_LEG


def is_proved(body: str) -> bool:
    """Whether it says of each stream with DTLS whose certificate will be shown."""
    return all(_proved(stream) for stream in streams(body) if stream.form is Form.DTLS)


def agreed(leg: Leg, answer: str) -> Leg:
    """What an offered leg became by its answer: who was told of SRTP and did not take it has plain RTP."""
    if leg.form is not Form.BOTH:
        return leg
    taken = all(stream.suites for stream in streams(answer))
    return replace(leg, form=Form.BOTH if taken else Form.PLAIN)


def objection_to_answer(leg: Leg, body: str) -> Refuse | None:
    """What is wrong with the answer of a party that was offered this leg: nothing may be weaker than it was asked."""
    if not _somewhere(body):
        return NOWHERE
    for stream in streams(body):
        if leg.form is Form.DTLS and not (stream.form is Form.DTLS and _proved(stream)):
            return NOT_AS_OFFERED
        if leg.form is Form.SDES and not (stream.form is Form.SDES and _chosen(stream, leg)):
            return NOT_AS_OFFERED
    return None


def lesser_suites(body: str) -> tuple[str, ...]:
    """The suites of an offer that give way to a better one in it: the relay takes the first that it knows.

    AES with 256 bits comes before what is shorter, and what is used at all before what never is.
    """
    offered = streams(body)
    named = {suite for stream in offered for suite in stream.suites}
    common = [suite for suite in STRONG_SUITES if all(suite in stream.suites for stream in offered)]
    kept = set(common[:1] or SUITES)
    return tuple(sorted(named - kept)) if named & kept else ()


def acceptable_suites(strong: bool) -> tuple[str, ...]:
    """The suites of RFC 4568 that may be used, the best first."""
    return STRONG_SUITES if strong else SUITES


def encode_leg(leg: Leg) -> str:
    """A leg as one short word, as a dialog remembers it.

    >>> encode_leg(Leg(Form.DTLS, browser=True)), decode_leg("sdes+strong") == Leg(Form.SDES, strong=True)
    ('dtls+browser', True)
    """
    marks = ((leg.browser, "+browser"), (leg.strong, "+strong"), (leg.elsewhere, "+elsewhere"))
    return leg.form.value + "".join(mark for holds, mark in marks if holds)


def decode_leg(word: str) -> Leg:
    """The leg of such a word; "" is that of a call which began before legs were written down. Raises ValueError."""
    form, *rest = word.split("+")
    return Leg(Form(form), "browser" in rest, "strong" in rest, "elsewhere" in rest) if word else PLAIN_LEG


def _weakest(offered: tuple[Stream, ...]) -> Form:
    """One plain stream makes the whole offer plain; browsers send nothing but DTLS."""
    forms = {stream.form for stream in offered}
    return next((form for form in (Form.PLAIN, Form.SDES, Form.DTLS) if form in forms), Form.PLAIN)


def _usable(stream: Stream, terms: Terms) -> bool:
    return any(suite in acceptable_suites(terms.strong) for suite in stream.suites)


def _proved(stream: Stream) -> bool:
    """Of DTLS: the keys come from the handshake alone, and with whom it is made is said (RFC 5763 section 5)."""
    return stream.fingerprint and not stream.keys


def _chosen(stream: Stream, leg: Leg) -> bool:
    return bool(stream.suites) and stream.suites[0] in acceptable_suites(leg.strong)
