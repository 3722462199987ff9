"""How a provider's challenge is answered (RFC 7616, RFC 8760; attack case 114)."""

import hashlib

import pytest

from ringfence.policy.offenders.challenged import Challenge, answerable, credentials, objection, parameters
from ringfence.policy.trunking.trunks import Login

REALM, PASSWORD, URI = "http-auth@example.org", "Circle of Life", "/dir/index.html"
CNONCE, NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
ANSWERS = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}
"""RFC 7616 section 3.9.1."""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha_256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


HASHES = {"MD5": _md5, "SHA-256": _sha_256}
WORDS = f"Mufasa:{REALM}:{PASSWORD}"
LOGIN = Login("account", REALM, _md5(WORDS), _sha_256(WORDS), "Mufasa")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_answers_are_those_of_the_standard(algorithm: str) -> None:
    told = f'Digest realm="{REALM}", qop="auth, auth-int", algorithm={algorithm}, nonce="{NONCE}", opaque="FQhe"'
    challenge = answerable([told], LOGIN)
    assert challenge is not None
    answer = parameters(credentials(challenge, LOGIN, ("GET", URI), CNONCE, HASHES[algorithm]))
    assert answer["response"] == ANSWERS[algorithm]
    assert (answer["username"], answer["algorithm"], answer["opaque"]) == ("Mufasa", algorithm, "FQhe")


def test_a_provider_without_qop_is_answered_in_the_old_form() -> None:
    """RFC 2069: no cnonce, no count."""
    answer = credentials(Challenge(REALM, "n"), LOGIN, ("REGISTER", "sip:a"), CNONCE, _md5)
    assert parameters(answer).keys() == {"username", "realm", "nonce", "uri", "response", "algorithm"}


def test_an_algorithm_without_a_digest_of_ours_is_passed_over() -> None:
    """A policy store of before holds none for SHA-256 until the trunk is published again."""
    told = f'Digest realm="{REALM}", nonce="n", algorithm=SHA-256'
    assert answerable([told], Login("account", REALM, "0" * 32)) is None
    assert objection([told], LOGIN) == "a challenge for another algorithm than SHA-256 and MD5"
