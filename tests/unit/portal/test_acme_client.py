"""Orders of certificates, against an authority that checks what it gets (RFC 8555; issue 6, 2)."""

from typing import Any

import pytest
from cryptography import x509

from ringfence.engines.certificates import brought
from ringfence.lab.acme import AcmeServer, Behaviour
from ringfence.portal.acme.client import Issued, Means, Wish, ordered
from ringfence.portal.acme.jws import AccountKey, ExternalAccount, base64url
from ringfence.portal.acme.wire import AcmeFailed, Https, Reply, anywhere_but_here
from tests.unit.engines.authority import NOW
from tests.unit.portal.acme_lab import HERE, NAME, StubDoor, an_authority, means_for

NAMES = (NAME, "sip.pbx.example")
KEY = AccountKey.new()


def order(acme: AcmeServer, door: Any, key: AccountKey = KEY, **wish: Any) -> Issued:
    return ordered(Wish(**{"directory": acme.directory, "names": NAMES, **wish}), key, means_for(acme, door))


def test_a_certificate_for_all_names_comes_and_the_door_is_shut() -> None:
    """Sections 7 and 8.3: the authority fetched both challenges over HTTP; the pair passes an upload's checks."""
    with an_authority() as (acme, door):
        issued = order(acme, door)
        pair = brought.checked(issued.chain, issued.key, NAMES[1], NOW)
        assert brought.names_of(pair.leaf) == NAMES
        assert (len(acme.behaviour.fetched), door.opened, door.answers) == (2, 1, {})


def test_the_account_is_the_same_the_second_time_and_learns_a_new_address() -> None:
    """Section 7.3.1 and 7.3.2."""
    with an_authority() as (acme, door):
        for email in ("", "admin@pbx.example"):
            order(acme, door, email=email)
        (account,) = acme.accounts.values()
        assert account["contact"] == ["mailto:admin@pbx.example"]
        order(acme, door, AccountKey.from_pem(AccountKey.new().pem))
        assert len(acme.accounts) == 2


def test_a_nonce_that_the_authority_forgot_is_replaced() -> None:
    """Section 6.5: badNonce brings a new one; an authority that takes none is given up."""
    with an_authority(Behaviour(bad_nonces=2)) as (acme, door):
        assert order(acme, door).chain
    with an_authority(Behaviour(bad_nonces=99)) as (acme, door), pytest.raises(AcmeFailed, match="own nonces"):
        order(acme, door)


class ClosedDoor(StubDoor):
    """Says that it is open, and is not."""

    def open(self, challenges: Any) -> None:
        self.opened += 1


def test_a_name_that_is_not_found_here_is_named_in_the_authoritys_words() -> None:
    closed = ClosedDoor()
    with an_authority() as (acme, _):
        acme.reach = closed.reached
        with pytest.raises(AcmeFailed) as caught:
            order(acme, closed)
    closed.stop()
    assert str(caught.value).startswith(f"The authority did not find {NAME} here. {NAME} answered 404")
    assert "(unauthorized)" in str(caught.value)


def test_a_certificate_for_somebody_else_is_not_taken() -> None:
    wrong = Behaviour(other_names=("sip.pbx.example", "other.example"))
    with an_authority(wrong) as (acme, door), pytest.raises(AcmeFailed, match=f"left out {NAME}"):
        order(acme, door)


def test_an_account_that_must_be_there_already_is_proved() -> None:
    """Section 7.3.4, external account binding."""
    with an_authority(Behaviour(external={"kid-1": b"secret"})) as (acme, door):
        with pytest.raises(AcmeFailed, match="wants an account"):
            order(acme, door)
        with pytest.raises(AcmeFailed, match="signature is wrong"):
            order(acme, door, external=ExternalAccount("kid-1", base64url(b"guessed")))
        with pytest.raises(AcmeFailed, match="no base64url"):
            order(acme, door, external=ExternalAccount("kid-1", "not base64!"))
        assert order(acme, door, external=ExternalAccount("kid-1", base64url(b"secret"))).chain


def test_an_authority_that_nobody_vouches_for_gets_no_request() -> None:
    with an_authority() as (acme, _), pytest.raises(AcmeFailed, match="certificate verify failed"):
        Https(judge=lambda host, port: HERE).send("GET", acme.directory)


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "::1"])
def test_this_machine_and_its_cloud_are_no_authority(host: str) -> None:
    """SSRF: the address is judged, and the connection goes to the judged one."""
    with pytest.raises(AcmeFailed):
        anywhere_but_here(host, 443)


@pytest.mark.parametrize(
    "url", ["http://ca.example/directory", "ftp://x", "https://", "", "https://a\r\nb/", "https://ca.example:x/"]
)
def test_only_https_is_spoken(url: str) -> None:
    with pytest.raises(AcmeFailed, match="begins with https"):
        Https(judge=lambda host, port: HERE).send("GET", url)


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (Reply(200, {}, b"[]"), "no JSON object"),
        (Reply(200, {}, b"{}"), "no newNonce"),
        (Reply(302, {"location": "https://127.0.0.1/"}, b""), "leads elsewhere"),
        (Reply(503, {}, b"<html>"), "refused with 503"),
        (Reply(400, {}, b'{"type": 7, "detail": "a\\nb"}'), "refused with 400. a b"),
    ],
)
def test_an_answer_that_makes_no_sense_is_a_sentence(reply: Reply, complaint: str) -> None:
    """Whatever comes from the network is hostile."""
    means = Means(lambda *_: reply, StubDoor(), lambda _: None)
    with pytest.raises(AcmeFailed, match=complaint):
        ordered(Wish("https://ca.example/directory", NAMES), KEY, means)


def test_the_request_for_the_certificate_is_signed_by_the_new_key() -> None:
    with an_authority() as (acme, door):
        first, second = order(acme, door), order(acme, door)
    assert first.key != second.key, "each certificate has a key of its own"
    assert x509.load_pem_x509_certificates(first.chain.encode())[1].subject == acme.issuing.certificate.subject
