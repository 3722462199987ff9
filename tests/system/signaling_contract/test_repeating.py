"""Kamailio's script repeats a registration that was let pass before, and nothing else (ADR 21)."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.sip import Account, Headers, Message
from ringfence.lab.softphone import Softphone
from ringfence.policy.rules.registration import MAX_CONTACTS

pytestmark = pytest.mark.usefixtures("oracle")

UDP = ("10.77.0.1", 5060)
SOON = 1.0
LONG = 10.0


def _journal(pbx: Any, kind: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for segment in sorted(pbx.product.paths.journal.glob("events-*"))
        for line in segment.read_text().splitlines()
        if f'"kind":"{kind}"' in line
    ]


def _repeated(pbx: Any, phone: Softphone) -> int:
    """How many registrations of this phone the script has repeated so far."""
    told = [one for event in _journal(pbx, "registration.renewed") for one in event["renewals"]]
    return sum(f"|<sip:{phone.account.user}@{phone.address}:{phone.port}>" in one for one in told)


@contextmanager
def _known_phone(pbx: Any, host: Any, extension: str) -> Iterator[Softphone]:
    """A phone whose registrations the script repeats by now."""
    with Softphone(host, UDP, pbx.account(extension)) as phone:

        def repeats() -> bool:
            assert phone.register().status == 200
            return _repeated(pbx, phone) > 0

        within(LONG, repeats, "the script repeats the registration")
        yield phone


def _ask(phone: Softphone) -> tuple[str, Headers]:
    headers = sip.with_header(phone.headers("REGISTER", phone.account.aor), "Contact", phone.contact)
    return f"sip:{phone.account.domain}", [*headers, ("Expires", "300")]


def _answer_to_challenge(phone: Softphone) -> tuple[Message, str, Headers]:
    uri, headers = _ask(phone)
    answered = phone.answered(phone.ask("REGISTER", uri, headers), "REGISTER", uri, headers)
    return phone.ask("REGISTER", uri, answered), uri, answered


def _listed(pbx: Any, aor: str) -> dict[str, Any] | None:
    return next((item for item in pbx.product.registrations() if item["aor"] == aor), None)


def test_a_repeated_registration_is_prolonged_and_listed(pbx: Any, stranger: Any) -> None:
    with _known_phone(pbx, stranger(), "141") as phone:
        listed, _ = within(2, lambda: _listed(pbx, "141@acme.example"), "the registration is listed")
        assert listed["source"] == phone.address


def test_a_digest_is_asked_for_each_time_and_works_once(pbx: Any, stranger: Any) -> None:
    """Attack case: replayed digest."""
    with _known_phone(pbx, stranger(), "142") as phone:
        answer, uri, answered = _answer_to_challenge(phone)
        assert answer.status == 200
        again = sip.with_header(answered, "Via", f"SIP/2.0/UDP {phone.hostport};branch={sip.new_branch()};rport")
        assert phone.ask("REGISTER", uri, again).status == 401


def test_a_new_secret_is_in_force_within_a_second_for_a_repeated_phone(pbx: Any, stranger: Any) -> None:
    """Reference: "Change Extension Password"; a revoked secret does not live on in shared memory."""
    with _known_phone(pbx, stranger(), "143") as phone:
        changed = pbx.rest.post(f"users/{pbx.users['143']['id']}/sip-secret")
        within(SOON, lambda: phone.register().status == 401, "the old secret is refused")
        new = pbx.accounts["143"] = Account("143", phone.account.domain, changed["sip_secret"])
        phone.account = new
        assert phone.register().status == 200


def test_a_user_agent_blocked_meanwhile_gets_no_answer(pbx: Any, stranger: Any) -> None:
    """Reference: "User-Agent Blacklist"."""
    with _known_phone(pbx, stranger(), "144") as phone:
        uri, headers = _ask(phone)
        name = dict(headers)["User-Agent"]
        entry = pbx.rest.post("blocked-user-agents", pattern=name, match="contains")
        try:
            within(SOON, lambda: phone.silent("REGISTER", uri, _ask(phone)[1], wait=0.2) is None, "silence")
        finally:
            pbx.rest.delete(f"blocked-user-agents/{entry['id']}")
        within(SOON, lambda: phone.silent("REGISTER", uri, _ask(phone)[1], wait=0.2) is not None, "served again")


def test_a_wrong_password_of_a_repeated_phone_counts(pbx: Any, stranger: Any) -> None:
    """Reference: "Failed Authentication"."""
    with _known_phone(pbx, stranger(), "145") as phone:
        right, phone.account = phone.account, Account("145", phone.account.domain, "guess")
        assert phone.register().status == 401
        phone.account = right  # to unregister with: a device that is gone would ring in the tests that follow
        within(2, lambda: [event for event in _journal(pbx, "auth.failed") if event["source"] == phone.address], "told")


@pytest.mark.parametrize("odd", [b"\0", b"\xff"], ids=["NUL", "no UTF-8"])
def test_what_cannot_be_read_is_dropped_though_the_phone_is_known(pbx: Any, stranger: Any, odd: bytes) -> None:
    """Attack case: broken encoding (RFC 3261 section 7)."""
    with _known_phone(pbx, stranger(), "146") as phone:
        uri, headers = _ask(phone)
        raw = sip.compose(f"REGISTER {uri} SIP/2.0", [*headers, ("Subject", "@")]).replace(
            b"Subject: @", b"Subject: " + odd
        )
        phone.send(raw)
        assert phone.receive(0.3) is None
        assert phone.register().status == 200


def test_facts_too_long_to_compare_are_never_those_of_the_phone_before(pbx: Any, stranger: Any) -> None:
    """Attack case: an insider registers, then claims a colleague's extension in a message whose facts do not fit."""
    pbx.account("149")
    with _known_phone(pbx, stranger(), "148") as phone:
        colleague = Account("149", phone.account.domain, phone.account.secret)
        for _ in range(4):  # whichever worker hears it
            assert phone.register().status == 200
            for length in (8_150, 9_000, 20_000):
                uri = f"sip:{phone.account.domain};{'x' * length}"
                headers = [(n, v.replace("148", "149") if n in ("From", "To") else v) for n, v in _ask(phone)[1]]
                answer = phone.silent("REGISTER", uri, [*headers, ("Subject", "y" * 500)], wait=0.1)
                if answer is None or answer.status != 401:
                    continue
                challenge = sip.challenges_in(answer)[0]
                digest = sip.authorization(replace(colleague, user="148"), challenge, "REGISTER", uri)
                digest = digest.replace('username="148"', 'username="149"')
                claimed = phone.silent("REGISTER", uri, [*headers, (challenge.answer_header, digest)], wait=0.1)
                assert claimed is None or claimed.status != 200


def test_another_device_of_the_account_is_judged_by_itself(pbx: Any, stranger: Any) -> None:
    """Both stand, and both are prolonged."""
    with _known_phone(pbx, stranger(), "147") as one, _known_phone(pbx, stranger(), "147") as other:
        before = _repeated(pbx, one)
        assert one.register().status == 200
        within(2, lambda: _repeated(pbx, one) > before, "still repeated")
        assert _repeated(pbx, other) > 0
        within(2, lambda: len(_contacts(pbx, "147@acme.example")) == 2, "both devices are listed")


@pytest.mark.restarts
def test_a_phone_that_comes_back_after_a_restart_is_repeated_at_once(pbx: Any, stranger: Any) -> None:
    """Attack case 116: the core is killed; what its phones registered with is judged before they come."""
    with _known_phone(pbx, stranger(), "150") as phone:
        before, old = _repeated(pbx, phone), pbx.product.process_ids()["core"]
        os.kill(old, signal.SIGKILL)
        within(5, lambda: pbx.product.process_ids().get("core") not in (None, 0, old), "the core is back")
        within(5, lambda: pbx.product.is_ready("core"), "the core is ready")
        time.sleep(1)
        saved = len(_journal(pbx, "registration.saved"))
        assert phone.register().status == 200
        within(2, lambda: _repeated(pbx, phone) > before, "the first registration is repeated")
        assert len(_journal(pbx, "registration.saved")) == saved


@pytest.mark.restarts
def test_a_secret_changed_while_the_core_was_away_is_in_force_at_once(pbx: Any, stranger: Any) -> None:
    """Reference: "Change Extension Password": nobody is expected with the secret of before."""
    with _known_phone(pbx, stranger(), "151") as phone:
        old = pbx.product.process_ids()["core"]
        os.kill(old, signal.SIGKILL)
        changed = pbx.rest.post(f"users/{pbx.users['151']['id']}/sip-secret")
        within(5, lambda: pbx.product.process_ids().get("core") not in (None, 0, old), "the core is back")
        within(5, lambda: pbx.product.is_ready("core"), "the core is ready")
        assert phone.register().status == 401
        phone.account = pbx.accounts["151"] = Account("151", phone.account.domain, changed["sip_secret"])
        assert phone.register().status == 200


def _contacts(pbx: Any, aor: str) -> list[str]:
    return [
        contact["uri"] for item in pbx.product.registrations() if item["aor"] == aor for contact in item["contacts"]
    ]


def test_a_phone_that_gave_way_to_others_comes_back(pbx: Any, stranger: Any) -> None:
    """The script still knows it, and would repeat its 503."""
    with _known_phone(pbx, stranger(), "804") as phone:
        others = [Softphone(stranger(), UDP, pbx.account("804")) for _ in range(MAX_CONTACTS)]
        for other in others:
            with other:
                assert other.register().status == 200
        assert phone.register().status == 200
        within(2, lambda: _uri_of(phone) in _registered(pbx, "804@acme.example"), "it is registered")


def _uri_of(phone: Softphone) -> str:
    return phone.contact.partition("<")[2].partition(">")[0]


def _registered(pbx: Any, aor: str) -> set[str]:
    found = [one for one in pbx.rest.get("registrations")["items"] if one["aor"] == aor]
    return {contact["uri"] for one in found for contact in one["contacts"]}
