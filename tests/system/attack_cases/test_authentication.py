"""Group A: who may register and call."""

import statistics
import time
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport, establish

pytestmark = pytest.mark.usefixtures("oracle")

UDP = ("10.77.0.1", 5060)
SERVERS = {Transport.UDP: UDP, Transport.TCP: ("10.77.0.1", 5063), Transport.TLS: ("10.77.0.1", 5061)}
SAMPLES = 150


@pytest.fixture
def unlimited(pbx: Any, attacker: Softphone) -> Any:
    """The attacker with an allow entry: it may fail as often as it likes, so that answers can be compared."""
    entry = pbx.product.allow(attacker.host.address)
    time.sleep(0.5)
    yield attacker
    pbx.rest.delete(f"ip-filters/{entry['id']}")


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"])
def test_known_and_unknown_extensions_answer_alike(pbx: Any, unlimited: Softphone, method: str) -> None:
    """Case 15: same code, same headers, same size, same time, with and without credentials."""
    pbx.account("101")
    known, unknown = _probes(unlimited, method, "101"), _probes(unlimited, method, "909")
    assert [shape for shape, _ in known] == [shape for shape, _ in unknown]
    for attempt in range(3):
        times: dict[str, list[float]] = {"101": [], "909": []}
        for turn in range(SAMPLES):  # whoever is asked second may pay for the first, so they take turns
            for user in ("101", "909") if turn % 2 else ("909", "101"):
                times[user].append(_timed(unlimited, method, user))
        distance = _distance(times["101"], times["909"])
        print(attempt, distance, {user: statistics.median(values) for user, values in times.items()})
        if distance < 1.63 * (2 / SAMPLES) ** 0.5:
            return
    pytest.fail("the times differ (Kolmogorov-Smirnov, p < 0.01, three times in a row)")


def _probes(one: Softphone, method: str, user: str) -> list[tuple[Any, Softphone]]:
    """The shapes of the answer without and with (wrong) credentials."""
    first, second = _probe(one, method, user)
    return [(_shape(first), one), (_shape(second), one)]


def _probe(one: Softphone, method: str, user: str) -> tuple[Any, Any]:
    uri, account = f"sip:{user}@acme.example", Account(user, "acme.example", "wrong")
    target = "sip:acme.example" if method == "REGISTER" else uri
    headers = one.headers(method, uri, from_uri=uri)
    first = one.silent(method, target, headers)
    if first is None or first.status not in (401, 407):
        return first, None
    if method == "INVITE":
        one.send_ack(first, target, headers)
    challenge = sip.challenges_in(first)[0]
    again = sip.with_header(headers, "CSeq", f"2 {method}")
    again = sip.with_header(again, "Via", f"SIP/2.0/UDP {one.hostport};branch={sip.new_branch()};rport")
    second = one.silent(
        method, target, [*again, (challenge.answer_header, sip.authorization(account, challenge, method, target))]
    )
    if method == "INVITE" and second is not None:
        one.send_ack(second, target, again)
    return first, second


def _shape(answer: Any) -> Any:
    return None if answer is None else (answer.status, answer.header_names, len(answer.raw))


def _timed(one: Softphone, method: str, user: str) -> float:
    begun = time.perf_counter()
    _probe(one, method, user)
    return time.perf_counter() - begun


def _distance(first: list[float], second: list[float]) -> float:
    """The Kolmogorov-Smirnov distance of two samples."""
    points = sorted(first + second)
    return max(abs(sum(a <= x for a in first) / len(first) - sum(b <= x for b in second) / len(second)) for x in points)


def test_an_account_cannot_register_another(phone: Any, pbx: Any) -> None:
    """Case 18: auth user 141, To 142: 403, and the binding of 142 stays."""
    thief, owner = phone("141"), phone("142")
    other = f"sip:142@{owner.account.domain}"
    headers = [*thief.headers("REGISTER", other, from_uri=other), ("Expires", "300")]
    assert thief.authenticated("REGISTER", f"sip:{thief.account.domain}", headers).status == 403
    caller = phone("143")
    caller.begin_call("142")
    owner.respond(owner.request("INVITE"), 486, "Busy Here", "t")
    assert thief.requests_within(0.3) == []


def test_from_and_to_of_a_registration_must_agree(phone: Any) -> None:
    """Case 19."""
    one = phone("144")
    headers = [*one.headers("REGISTER", one.account.aor, from_uri=f"sip:145@{one.account.domain}"), ("Expires", "300")]
    assert one.authenticated("REGISTER", f"sip:{one.account.domain}", headers).status == 403


@pytest.mark.parametrize("transport", SERVERS)
def test_a_captured_request_is_worth_nothing(pbx: Any, phone: Any, stranger: Any, transport: Transport) -> None:
    """Case 20: byte-identical credentials later, or over another transport: 401 with a new nonce."""
    one = phone("146", registered=False)
    uri = f"sip:{one.account.domain}"
    headers = [*one.headers("REGISTER", one.account.aor), ("Expires", "300")]
    challenged = one.ask("REGISTER", uri, headers)
    answered = one.answered(challenged, "REGISTER", uri, headers)
    assert one.ask("REGISTER", uri, answered).status == 200
    with Softphone(stranger(), SERVERS[transport], one.account, transport) as thief:
        via = f"SIP/2.0/{transport} {thief.hostport};branch={sip.new_branch()};rport"
        replayed = thief.ask(
            "REGISTER", uri, sip.with_header(sip.with_header(answered, "Via", via), "Call-ID", sip.new_token())
        )
    assert replayed.status == 401
    assert sip.challenges_in(replayed)[0].nonce != sip.challenges_in(challenged)[0].nonce


def test_the_old_form_without_qop_works_at_most_once_and_only_from_its_address(phone: Any, stranger: Any) -> None:
    """Case 21 (RFC 2069)."""
    one = phone("147", registered=False)
    uri = f"sip:{one.account.domain}"
    headers = [*one.headers("REGISTER", one.account.aor), ("Expires", "300")]
    answered = one.answered(one.ask("REGISTER", uri, headers), "REGISTER", uri, headers, qop=False)
    with Softphone(stranger(), UDP, one.account) as thief:
        via = f"SIP/2.0/UDP {thief.hostport};branch={sip.new_branch()};rport"
        assert thief.ask("REGISTER", uri, sip.with_header(answered, "Via", via)).status in (400, 401, 403)
    first = one.ask("REGISTER", uri, answered)
    assert first.status in (200, 401)
    again = sip.with_header(answered, "Via", f"SIP/2.0/UDP {one.hostport};branch={sip.new_branch()};rport")
    assert one.ask("REGISTER", uri, sip.with_header(again, "Call-ID", sip.new_token())).status == 401


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("method", ["BYE", "INVITE"])
def test_a_callee_cannot_challenge_the_caller(phone: Any, status: int, method: str) -> None:
    """Case 24: a 401 or 407 to BYE or re-INVITE never reaches the phone as a challenge."""
    caller, callee = phone("148"), phone("149")
    dialog, _ = establish(caller, callee)
    raw = caller.in_dialog(dialog, method, [("Content-Type", "application/sdp")], sip.sdp(caller.address, 40_000))
    caller.send(raw)
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    trap = [(name, 'Digest realm="acme.example", nonce="abc", algorithm=MD5, qop="auth"')]
    callee.respond(callee.request(method), status, "Trap", extra=trap)
    answer = caller.final(sip.parse(raw).branch, 8.0)
    assert answer.status not in (401, 407)
    assert answer.status >= 400
    assert not answer.header("www-authenticate")
    assert not answer.header("proxy-authenticate")
    caller.send(caller.in_dialog(dialog, "BYE"))


@pytest.mark.parametrize(
    "method", ["MESSAGE", "SUBSCRIBE", "PUBLISH", "NOTIFY", "REFER", "INFO", "UPDATE", "PRACK", "OPTIONS"]
)
def test_a_stranger_gets_nothing_from_any_method(pbx: Any, attacker: Softphone, method: str) -> None:
    """Case 26: 401, 403, 405 or silence."""
    pbx.account("101")
    uri = "sip:101@acme.example"
    answer = attacker.silent(method, uri, [*attacker.headers(method, uri), ("Event", "presence")], wait=0.6)
    assert answer is None or answer.status in (401, 403, 405, 407, 481, 501), answer.start_line


def test_options_names_no_make_and_no_version(attacker: Softphone) -> None:
    """Case 26: OPTIONS to the system is answered and carries no version."""
    answer = attacker.options("sip:acme.example")
    assert answer.status == 200
    assert not any(word in answer.raw.lower() for word in (b"kamailio", b"ringfence/", b"6.0", b"python"))


@pytest.mark.parametrize(
    ("contact", "expires"),
    [("*", "60"), ("*", "4294967296"), ("MANY", "300")],
)
def test_odd_registrations_are_refused_and_bindings_stay(phone: Any, contact: str, expires: str) -> None:
    """Case 27: Contact:* with Expires 60, 50 contacts."""
    one = phone("151")
    value = ", ".join(f"<sip:151@10.77.9.9:{port}>" for port in range(5060, 5110)) if contact == "MANY" else contact
    headers = sip.with_header(one.headers("REGISTER", one.account.aor), "Contact", value)
    answer = one.authenticated("REGISTER", f"sip:{one.account.domain}", [*headers, ("Expires", expires)])
    assert answer.status in (400, 403, 503), answer.start_line
    phone("152").begin_call("151")
    one.respond(one.request("INVITE"), 486, "Busy Here", "t")


@pytest.mark.parametrize("expires", ["4294967296", "2147483647", "1"])
def test_the_lifetime_of_a_registration_is_bounded(phone: Any, expires: str) -> None:
    """Case 27: Expires of 2^32 is refused or clamped, 1 is raised or refused."""
    one = phone("153", registered=False)
    headers = [*one.headers("REGISTER", one.account.aor), ("Expires", expires)]
    answer = one.authenticated("REGISTER", f"sip:{one.account.domain}", headers)
    if answer.status == 200:
        assert 60 <= int(answer.header("contact").split("expires=")[1].split(";")[0]) <= 600
    else:
        assert answer.status in (400, 423)


def test_path_and_route_in_a_registration_are_ignored(phone: Any, trunk: Any) -> None:
    """Case 29: a call to that phone does not take the way its registration names."""
    one = phone("154", registered=False)
    detour = "<sip:10.77.0.90:5060;lr>"
    headers = one.headers("REGISTER", one.account.aor)
    extra = [("Path", detour), ("Route", detour), ("Service-Route", detour), ("Supported", "path"), ("Expires", "300")]
    answer = one.authenticated("REGISTER", f"sip:{one.account.domain}", [*headers, *extra])
    assert answer.status == 200
    assert not answer.header("path")
    assert not answer.header("service-route")
    phone("155").begin_call("154")
    one.respond(one.request("INVITE"), 486, "Busy Here", "t")


@pytest.mark.parametrize("secret", ["101", "1234", "", "short-secret", "156"])
def test_a_weak_sip_secret_is_refused(pbx: Any, secret: str) -> None:
    """Case 30: the extension's number, 1234 or fewer than 16 characters."""
    pbx.account("156")
    status, _ = pbx.rest.raw("POST", f"users/{pbx.users['156']['id']}/sip-secret", {"sip_secret": secret})
    if status < 300:
        pytest.fail("a weak secret was accepted")
    assert 400 <= status < 500


def test_generated_secrets_carry_128_bits_and_are_shown_once(pbx: Any) -> None:
    """Case 30: 128 bits are 22 characters of an alphabet of 64; no GET returns them."""
    secret = pbx.account("157").secret
    assert len(set(secret)) > 8
    assert len(secret) >= 22
    assert secret.encode() not in pbx.rest.raw("GET", f"users/{pbx.users['157']['id']}")[1]
    assert secret.encode() not in pbx.rest.raw("GET", "users")[1]


def test_the_witness_of_the_oracle_notices_a_dead_server(pbx: Any) -> None:
    """The measure itself: the live list knows the witness."""
    within(2, lambda: any("199" in str(row) for row in pbx.product.registrations()), "the witness is registered")


def test_a_call_in_progress_names_no_make(phone: Any) -> None:
    """Case 26: neither the 100 nor the ringing tells whose server this is (Kamailio's own 100 has a telling phrase)."""
    caller, callee = phone("158"), phone("159")
    _, _headers = caller.begin_call("159")
    callee.respond(callee.request("INVITE"), 486, "Busy Here", "t")
    seen = [message for _ in range(2) if (message := caller.receive(1.0)) is not None]
    assert {message.start_line for message in seen} == {"SIP/2.0 100 Trying", "SIP/2.0 486 Busy Here"}
    assert not any(message.header("server") for message in seen)
