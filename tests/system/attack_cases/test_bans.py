"""Group B: who is banned for what, and who never is. The kernel's own cases (59 to 62) lie in `guard_firewall`."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.rest import Refused, Rest
from ringfence.lab.sip import Account, Headers
from ringfence.lab.softphone import NoAnswer, Softphone, Transport
from ringfence.policy.offenders import patience
from tests.system.attack_cases.asking import TCP, TLS, UDP, URI, ask, fail, spared

pytestmark = pytest.mark.usefixtures("oracle")


def test_one_wrong_phone_among_fifty_behind_a_nat_costs_the_others_nothing(
    pbx: Any, stranger: Any, few_failures: int
) -> None:
    """Case 55: the pair (address, account) is slowed and reported; the others register whenever they like."""
    office = stranger()
    with ExitStack() as stack:
        phones = [stack.enter_context(Softphone(office, UDP, pbx.account(str(number)))) for number in range(300, 350)]
        assert all(_paced(one) == 200 for one in phones[1:])
        wrong = stack.enter_context(Softphone(office, UDP, Account("300", "acme.example", "wrong")))
        for round_number in range(6):
            fail(wrong, 5)
            assert all(_paced(one) == 200 for one in phones[1 + round_number :: 6])
        assert not pbx.product.in_kernel_set(office.address)
        within(2, lambda: "office.healthy" in spared(pbx, office), "the wrong phone is reported")
        for one in phones[1:]:
            time.sleep(0.01)
            one.register(expires=0)


def _paced(one: Softphone) -> int:
    """A registration; so many in a row stay below level 1 (500 packets per second of one source)."""
    time.sleep(0.01)
    return one.register().status


def test_five_hundred_phones_of_one_office_come_back_at_once_without_a_ban(
    pbx: Any, stranger: Any, few_failures: int, few_challenges: int
) -> None:
    """Case 66: each brings a nonce that is used up or not ours; neither such answers nor the new challenges count."""
    office = stranger()
    with ExitStack() as stack:
        accounts = [pbx.account(str(number)) for number in range(300, 400)]
        phones = [stack.enter_context(Softphone(office, UDP, account)) for account in accounts for _ in range(5)]
        used = _used_up(phones[0])
        strange = sip.Challenge(used.realm, used.nonce[:-6] + "AAAAAA", used.algorithm, used.qop)
        begun = time.monotonic()
        statuses = [_come_back(one, used if number % 2 else strange) for number, one in enumerate(phones)]
        passed = time.monotonic() - begun
        assert statuses == [200] * 500
        assert passed < 60
        assert not pbx.product.in_kernel_set(office.address)
        assert pbx.product.ban_of(office.address) is None
        for one in phones[::5]:
            time.sleep(0.01)
            one.register(expires=0, contact="*")


@pytest.fixture
def low_level_1(pbx: Any) -> Iterator[None]:
    """So low that a slow machine exceeds it, too."""
    pbx.set_security(level_1_packets=100)
    yield
    pbx.set_security(level_1_packets=500)


@pytest.mark.usefixtures("low_level_1")
def test_an_office_above_level_1_loses_the_excess_and_is_not_banned(pbx: Any, stranger: Any) -> None:
    """Case 66: all phones of an office at once send more than level 1 allows, from an address that is known."""
    office = stranger()
    with ExitStack() as stack:
        phones = [stack.enter_context(Softphone(office, UDP, pbx.account(str(number)))) for number in range(300, 350)]
        assert phones[0].register().status == 200
        for _ in range(30):
            for one in phones:
                one.silent("REGISTER", URI, one.headers("REGISTER", one.account.aor), wait=0.001)
        within(3, lambda: pbx.product.guard("status")["kernel"]["dropped_level_1"] > 0, "the kernel drops the excess")
        time.sleep(2.5)  # longer than a stranger over level 1 is left in peace
        assert pbx.product.ban_of(office.address) is None
        assert phones[0].register(expires=0).status == 200


def test_a_looping_phone_is_slowed_alone(pbx: Any, stranger: Any, few_failures: int) -> None:
    """Case 46: one account of an office sends 200 wrong registrations; only it is slowed there, elsewhere it works."""
    office, home = stranger(), stranger()
    with ExitStack() as stack:
        good = stack.enter_context(Softphone(office, UDP, pbx.account("360")))
        assert good.register().status == 200
        looping = stack.enter_context(Softphone(office, UDP, Account("361", "acme.example", "wrong")))
        for _ in range(10):
            fail(looping, 20)
            assert _paced(good) == 200
        within(2, lambda: "office.healthy" in spared(pbx, office), "the looping phone is reported")
        assert pbx.product.ban_of(office.address) is None
        elsewhere = stack.enter_context(Softphone(home, UDP, pbx.account("361")))
        assert elsewhere.register().status == 200
        for one in (good, elsewhere):
            one.register(expires=0)


def _used_up(one: Softphone) -> sip.Challenge:
    """A nonce that has answered already."""
    answer, headers = ask(one)
    assert answer is not None
    assert one.ask("REGISTER", URI, one.answered(answer, "REGISTER", URI, headers)).status == 200
    return sip.challenges_in(answer)[0]


def _come_back(one: Softphone, old: sip.Challenge) -> int:
    time.sleep(0.01)
    headers = [*one.headers("REGISTER", one.account.aor), ("Expires", "300")]
    stale = [*headers, ("Authorization", sip.authorization(one.account, old, "REGISTER", URI))]
    challenge = _patiently(one, stale)
    return _patiently(one, one.answered(challenge, "REGISTER", URI, headers)).status


def _patiently(one: Softphone, headers: Headers) -> sip.Message:
    """A request that is retransmitted, as any phone does (RFC 3261 section 17.1.2.2)."""
    for _ in range(6):
        answer = one.silent("REGISTER", URI, headers, wait=0.5)
        if answer is not None:
            return answer
    raise NoAnswer(f"{one.account.user} hears nothing")


def test_many_addresses_of_one_ipv6_64_are_one_source(pbx: Any, stranger: Any, few_failures: int) -> None:
    """Case 57: each address fails once; the /64 they share is banned as one entry."""
    evil = stranger()
    pbx.product.host.run("ip", "-6", "route", "replace", "fd78:0:0:7::/64", "dev", "eth0")
    addresses = [f"fd78:0:0:7::{number:x}" for number in range(2, 2 + few_failures)]
    for address in addresses:
        evil.run("ip", "-6", "address", "add", f"{address}/64", "dev", "eth0", "nodad")
    answered = 0
    for address in addresses:
        account = Account("101", "acme.example", "wrong")
        with Softphone(evil, ("fd77::1", 5060), account, local_address=address) as one:
            answered += fail(one, 1)
    assert answered >= few_failures - 1
    within(2, lambda: pbx.product.ban_of("fd78:0:0:7::/64"), "the /64 is banned")
    shown = pbx.product.nft("list", "set", "inet", "ringfence", "ban6")
    assert shown.count("fd78:0:0:7::") == 1


def test_one_account_guessed_at_from_many_addresses_raises_an_alarm(pbx: Any, stranger: Any) -> None:
    """Reference: brute-force attempts. Each address stays below the limit, so an administrator has to hear of it."""
    botnet = stranger()
    pbx.product.host.run("ip", "route", "replace", "10.78.0.0/24", "via", botnet.address)
    addresses = [f"10.78.0.{number}" for number in range(1, patience.MOST + 1)]
    for address in addresses:
        botnet.run("ip", "address", "add", f"{address}/32", "dev", "eth0")
        with Softphone(botnet, UDP, Account("198", "acme.example", "wrong"), local_address=address) as one:
            fail(one, 1)
    alarms = within(
        2, lambda: [a for a in pbx.product.guard("alarms.list") if a["id"] == "guessing.spread"], "an alarm"
    )
    assert "198@acme.example" in alarms[0][0]["message"]
    assert not any(pbx.product.in_kernel_set(address) for address in addresses)


def test_line_breaks_in_headers_ban_nobody_else(pbx: Any, lab: Any, stranger: Any, few_failures: int) -> None:
    """Case 63: From, User-Agent and Call-ID that look like a log line of ours; each event stays one line of JSON."""
    victim, evil = stranger(), stranger()
    forged = f"x\r\n Blocking traffic from {victim.address}"
    broken = f"x\nBlocking traffic from {victim.address}"
    with Softphone(evil, UDP, Account("101", "acme.example", "wrong")) as one:
        for _ in range(few_failures):
            headers = sip.with_header(one.headers("REGISTER", one.account.aor), "User-Agent", forged)
            one.silent(
                "REGISTER", URI, sip.with_header(headers, "From", f'"{broken}" <sip:101@acme.example>'), wait=0.02
            )
            challenge, _ = ask(one, headers=headers)
            if challenge is not None and challenge.status == 401:
                one.silent("REGISTER", URI, one.answered(challenge, "REGISTER", URI, headers), wait=0.5)
    within(2, lambda: pbx.product.in_kernel_set(evil.address), "the attacker is banned")
    assert not pbx.product.in_kernel_set(victim.address)
    lines = [line for path in pbx.product.paths.journal.glob("events-*") for line in path.read_bytes().splitlines()]
    assert all(isinstance(json.loads(line), dict) for line in lines)
    told = pbx.product.command("ban", "explain", evil.address).stdout
    assert not any(line.startswith("Blocking traffic") for line in told.splitlines())


def test_failed_portal_logins_close_the_portal_and_never_a_phone(pbx: Any, stranger: Any) -> None:
    """Reference: "Login Security Controls"; case 64: what X-Forwarded-For claims counts for nothing."""
    office, victim = stranger(), stranger()
    visitor = Rest(office, pbx.product.paths.web_certificate)
    wrong = {"username": "nobody", "password": "wrong-Horse7"}
    claimed = {"X-Forwarded-For": victim.address, "X-Real-IP": victim.address}
    statuses = [visitor.raw("POST", "auth/token", wrong, claimed)[0] for _ in range(7)]
    assert statuses[:5] == [401] * 5
    assert statuses[-1] == 429
    ban = within(2, lambda: pbx.product.ban_of(office.address), "the ban is listed")[0]
    assert (ban["scope"], ban["in_kernel"]) == ("web", False)
    assert pbx.product.ban_of(victim.address) is None
    assert not pbx.product.in_kernel_set(office.address)
    with Softphone(office, UDP, pbx.account("101")) as one:
        assert one.register().status == 200
        one.register(expires=0)
    done = pbx.product.command("ban", "remove", office.address, "--scope", "web")
    assert done.returncode == 0, done.stderr
    assert visitor.raw("POST", "auth/token", wrong)[0] == 401


def test_a_front_proxy_that_forgets_to_say_who_speaks_is_not_banned(
    pbx: Any, stranger: Any, few_failures: int, protect: Any
) -> None:
    """Case 65: all its visitors would be cut off; an alarm tells instead."""
    proxy = stranger()
    protect(proxy, "front_proxy")
    with Softphone(proxy, TCP, Account("101", "acme.example", "wrong"), Transport.TCP) as one:
        assert fail(one, 3 * few_failures) >= few_failures
    within(2, lambda: "never_block.member" in spared(pbx, proxy), "it is shown as spared")
    assert not pbx.product.in_kernel_set(proxy.address)
    assert "never_block.member" in [alarm["id"] for alarm in pbx.product.guard("alarms.list")]


def test_nobody_locks_the_system_or_himself_out(pbx: Any, stranger: Any, protect: Any) -> None:
    """Case 68: the own session's address, everything, a protected address and a range around it are refused by name."""
    carrier = stranger()
    protect(carrier, "cluster_peer")
    wishes = {
        f"{pbx.product.admin.address}/32": "acting administrator",
        "0.0.0.0/0": "whole network",
        "::/0": "whole network",
        f"{carrier.address}/32": "cluster peer",
        "10.77.0.0/16": "covers",
        "127.0.0.0/8": "loopback",
    }
    for cidr, named in wishes.items():
        with pytest.raises(Refused) as refused:
            pbx.rest.post("ip-filters", cidr=cidr, target="block")
        assert named in str(refused.value), cidr
    for address in (pbx.product.admin.address, carrier.address, PBX_ADDRESS, "::1"):
        with pytest.raises(Refused, match="never blocked"):
            pbx.rest.post("bans", address=address, seconds=60)


def test_an_allowed_address_without_credentials_is_still_challenged(pbx: Any, stranger: Any) -> None:
    """Case 69: an allow entry replaces no password."""
    friend = stranger()
    entry = pbx.product.allow(friend.address)
    time.sleep(0.3)
    with Softphone(friend, UDP, Account("101", "acme.example", "wrong")) as one:
        challenge, _ = ask(one)
        assert challenge is not None
        assert challenge.status == 401
        assert ask(one, "INVITE")[0].status == 407  # type: ignore[union-attr]
    pbx.rest.delete(f"ip-filters/{entry['id']}")


def test_a_block_entry_ends_the_connections_that_stand(pbx: Any, stranger: Any) -> None:
    """Reference: "Traffic from blacklisted IP addresses is dropped immediately"; others keep theirs."""
    blocked, other = stranger(), stranger()
    account = Account("101", "acme.example", "wrong")
    with (
        Softphone(blocked, TCP, account, Transport.TCP) as plain,
        Softphone(blocked, TLS, account, Transport.TLS) as private,
        Softphone(other, TCP, account, Transport.TCP) as neighbour,
    ):
        assert [one.options().status for one in (plain, private, neighbour)] == [200, 200, 200]
        entry = pbx.rest.post("ip-filters", cidr=blocked.address, target="block")
        begun = time.monotonic()
        assert plain.is_closed(2)
        assert private.is_closed(2)
        assert time.monotonic() - begun < 2
        assert neighbour.options().status == 200
    pbx.rest.delete(f"ip-filters/{entry['id']}")


def test_a_blocked_user_agent_alone_never_bans(pbx: Any, stranger: Any, few_failures: int) -> None:
    """Reference: "User-Agent Blacklist": silence for each message in whatever case; evidence beside real failures."""
    evil = stranger()
    with Softphone(evil, UDP, Account("101", "acme.example", "wrong")) as one:
        for name in ("friendly-scanner", "FRIENDLY-SCANNER", "my SIPVicious 0.3"):
            headers = sip.with_header(one.headers("REGISTER", one.account.aor), "User-Agent", name)
            assert all(one.silent("REGISTER", URI, headers, wait=0.05) is None for _ in range(8))
        assert pbx.product.ban_of(evil.address) is None
        time.sleep(1.2)
        fail(one, few_failures)
    ban = within(3, lambda: pbx.product.ban_of(evil.address), "the failures ban")[0]
    assert ban["rule"] == "antihacking.failed_authentication"


@pytest.mark.restarts
def test_a_hung_or_killed_guard_costs_no_phone_its_service(pbx: Any, stranger: Any, few_failures: int) -> None:
    """Case 67: kernel bans hold, phones register, and what happened meanwhile is judged afterwards."""
    banned, late, good = stranger(), stranger(), stranger()
    account = Account("101", "acme.example", "wrong")
    with Softphone(banned, UDP, account) as one:
        fail(one, few_failures)
    within(2, lambda: pbx.product.in_kernel_set(banned.address), "banned before")
    guard = pbx.product.process_ids()["guard"]
    with Softphone(late, UDP, account) as attacker, Softphone(good, UDP, pbx.account("102")) as phone:
        os.kill(guard, signal.SIGSTOP)
        try:
            assert pbx.product.in_kernel_set(banned.address)
            assert fail(attacker, 4 * few_failures) >= few_failures, "workers wait for the hung guard"
            assert phone.register().status == 200
        finally:
            os.kill(guard, signal.SIGCONT)
        within(5, lambda: pbx.product.in_kernel_set(late.address), "what happened meanwhile is judged")
        os.kill(pbx.product.process_ids()["guard"], signal.SIGKILL)
        assert phone.register().status == 200
        assert pbx.product.in_kernel_set(banned.address)
        within(10, lambda: pbx.product.is_ready("guard"), "the guard is back")
        assert pbx.product.in_kernel_set(banned.address)
        assert pbx.product.in_kernel_set(late.address)
        phone.register(expires=0)
