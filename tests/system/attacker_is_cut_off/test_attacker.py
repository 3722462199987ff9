"""Failed Authentication Protection (reference: "SIP and TCP/IP Security (Anti-Hacking)"), attack cases 16, 53, 60."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip, tone
from ringfence.lab.attackers import crack_password, enumerate_extensions, guess, map_servers
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone

pytestmark = pytest.mark.usefixtures("oracle")

UDP = (PBX_ADDRESS, 5060)
DEFAULT_LIMIT = 50


@pytest.fixture
def strict(pbx: Any) -> Iterator[None]:
    """The stricter option of attack case 16: ten failures instead of the reference's 50."""
    pbx.set_security(failed_authentication_limit=10)
    yield
    pbx.set_security(failed_authentication_limit=DEFAULT_LIMIT)


def test_svcrack_is_banned_while_a_call_goes_on_undisturbed(pbx: Any, lab: Any, stranger: Any, tmp_path: Path) -> None:
    """svwar and svcrack against 101 while 101 and 102 talk; the true password is word 300 of 600 and is never found."""
    evil, truth = stranger(), pbx.account("101").secret
    words = [f"guess{number}" for number in range(600)]
    words[300] = truth
    with (
        Baresip(lab.host("alice", 11), tmp_path / "a", pbx.account("101"), frequency=400) as caller,
        Baresip(lab.host("bob", 12), tmp_path / "b", pbx.account("102"), frequency=700) as callee,
    ):
        caller.wait_registered()
        callee.wait_registered()
        caller.dial("102")
        caller.wait_for("CALL_ESTABLISHED")
        begun = time.monotonic()
        survey = enumerate_extensions(evil, tmp_path / "svwar", "100-140", seconds=6)
        attack = crack_password(evil, tmp_path / "svcrack", "101", words, seconds=10)
        within(2, lambda: pbx.product.in_kernel_set(evil.address), "the attacker is in the kernel's set")
        dropped = pbx.product.dropped_packets()
        crack_password(evil, tmp_path / "again", "102", words[:20], seconds=4)
        assert pbx.product.dropped_packets() > dropped, "the kernel counter does not move"
        time.sleep(max(0.0, 5.5 - (time.monotonic() - begun)))
        talked = time.monotonic() - begun
        caller.hang_up()
        callee.wait_for("CALL_CLOSED")
    assert truth not in attack.report
    assert not survey.found("101")
    for phone, frequency in ((caller, 700), (callee, 400)):
        heard = tone.listen(phone.recording, frequency)
        assert heard.is_whole, heard
        assert heard.seconds >= talked - 1.0, heard
    _explained(pbx, evil.address)


def _explained(pbx: Any, address: str) -> None:
    """The evidence in REST and on the command line."""
    ban = pbx.product.ban_of(address)
    assert ban is not None
    shown = json.dumps(ban)
    assert "antihacking.failed_authentication" in shown
    told_by_rest = json.dumps(pbx.rest.get(f"bans/{address}/explain"))
    assert '"count": 50' in told_by_rest
    assert "101" in told_by_rest
    told = pbx.product.command("ban", "explain", address)
    assert told.returncode == 0
    assert "50" in told.stdout
    assert address in told.stdout


def test_an_undisguised_scanner_gets_no_answer_at_all(stranger: Any, tmp_path: Path) -> None:
    """Reference: "User-Agent Blacklist"; friendly-scanner is blocked from the first day."""
    assert not map_servers(stranger(), tmp_path, disguise="").found(PBX_ADDRESS)


def test_exactly_the_fiftieth_failure_bans(pbx: Any, stranger: Any) -> None:
    """ "Reaches" means the 50th failed authentication, by default (reference)."""
    evil = stranger()
    assert _failures_until_silence(pbx, evil, 49) == 49
    time.sleep(0.5)
    assert not pbx.product.in_kernel_set(evil.address)
    _failures_until_silence(pbx, evil, 1)
    within(1, lambda: pbx.product.in_kernel_set(evil.address), "the 50th failure bans")


def test_a_stricter_limit_bans_at_the_tenth_failure_and_within_a_second(pbx: Any, stranger: Any, strict: None) -> None:
    """Attack cases 16 and 53: with the limit set to 10, the kernel drops within a second after the tenth."""
    evil = stranger()
    _failures_until_silence(pbx, evil, 10)
    _, passed = within(1, lambda: pbx.product.in_kernel_set(evil.address), "the tenth failure bans")
    assert passed <= 1.0
    with Softphone(evil, UDP, Account("101", pbx.tenant["domain"], "guess")) as one:
        assert (
            one.silent("OPTIONS", f"sip:{one.account.domain}", one.headers("OPTIONS", f"sip:{one.account.domain}"))
            is None
        )


def test_an_allow_entry_lifts_the_ban_at_once_and_skips_the_counting(pbx: Any, stranger: Any, strict: None) -> None:
    """Reference: whitelisted addresses bypass the anti-hacking checks; attack case 69: they still must authenticate."""
    evil = stranger()
    _failures_until_silence(pbx, evil, 10)
    within(1, lambda: pbx.product.in_kernel_set(evil.address), "banned")
    entry = pbx.product.allow(evil.address)
    _, passed = within(1, lambda: not pbx.product.in_kernel_set(evil.address), "the allow entry lifts the ban")
    assert passed <= 1.0
    assert _failures_until_silence(pbx, evil, 15) == 15
    assert pbx.product.ban_of(evil.address) is None
    pbx.rest.delete(f"ip-filters/{entry['id']}")


def test_scanners_learn_no_make_and_no_version(pbx: Any, stranger: Any, tmp_path: Path) -> None:
    """svmap finds at most that something answers (attack case 26: OPTIONS carries no version)."""
    report = map_servers(stranger(), tmp_path).report.lower()
    assert "kamailio" not in report
    assert "6.0" not in report
    assert "ringfence" not in report


def test_a_healthy_office_is_not_banned_for_one_bad_phone(pbx: Any, phone: Any, strict: None) -> None:
    """Attack case 55: an address with a healthy registration keeps its service while one account there fails."""
    good = phone("101")
    pbx.account("102")
    assert _failures_until_silence(pbx, good.host, 12, user="102") >= 10
    time.sleep(0.5)
    assert not pbx.product.in_kernel_set(good.host.address)
    assert good.register().status == 200


def test_a_flushed_ruleset_is_back_within_five_seconds_with_the_remaining_times(
    pbx: Any, stranger: Any, strict: None
) -> None:
    """Attack case 60; other people's tables are never touched."""
    evil = stranger()
    _failures_until_silence(pbx, evil, 10)
    within(1, lambda: pbx.product.in_kernel_set(evil.address), "banned")
    time.sleep(1.5)
    pbx.product.nft("flush", "ruleset")
    pbx.product.nft("add", "table", "inet", "somebody")
    _, passed = within(5, lambda: pbx.product.in_kernel_set(evil.address), "the table and the ban are back")
    assert passed <= 5.0
    assert "expires 1h" not in pbx.product.nft("list", "table", "inet", "ringfence").replace(
        "expires 1h0", "expires 1h"
    )
    assert "table inet somebody" in pbx.product.nft("list", "ruleset")
    pbx.product.nft("delete", "table", "inet", "somebody")


def _failures_until_silence(pbx: Any, host: Any, count: int, user: str = "101") -> int:
    """Send wrong passwords, each for its own challenge, below the packet rate limits; how many were answered 401."""
    answered = 0
    with Softphone(host, UDP, Account(user, pbx.tenant["domain"], "wrong")) as one:
        for _ in range(count):
            time.sleep(0.01)
            challenge, refused = guess(one)
            if challenge is None or challenge.status != 401:
                return answered
            answered += refused is not None and refused.status == 401
    return answered


def test_the_attack_tools_of_the_lab_do_find_a_weak_server(tmp_path: Path) -> None:
    """The measure itself: a digest computed with the true secret differs from one with a guess."""
    challenge = sip.Challenge("acme.example", "n")
    good, bad = Account("101", "acme.example", "true"), Account("101", "acme.example", "guess")
    assert sip.authorization(good, challenge, "REGISTER", "sip:x", qop=False) != sip.authorization(
        bad, challenge, "REGISTER", "sip:x", qop=False
    )
