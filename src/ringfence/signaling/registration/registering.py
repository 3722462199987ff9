"""The plain registration in one pass: a phone asks for a challenge, or registers its one device with the right answer.

It is the message a PBX sees most, and in a worker that wakes up for it every function and every fact costs (ADR 9). So
Kamailio's own script finds out which REGISTER is plain (`engines/templates/core.cfg.j2`: headers that matter stand
once, no To tag, sane), and what a dozen gates ask is asked here at once. It may only challenge or save what `screen`
and `decide` would let pass, challenge or save. Whatever is not plain at first sight is left alone, with nothing done
yet.
"""

import time
from collections.abc import Sequence
from typing import Final

from ringfence.journal.returning import BETWEEN
from ringfence.policy.book import ACTIVE, ACTIVE_FIELD, HA1_FIELD, NAME_FIELD, SEPARATOR, decode_subscriber
from ringfence.policy.decide import decide
from ringfence.policy.model import FRESH, Answer, Credentials
from ringfence.policy.relay.media import PRIVATE
from ringfence.policy.rules.packet import MAX_CALL_ID, MAX_URI
from ringfence.policy.rules.registration import GRANTED_AT_LEAST, GRANTED_AT_MOST, GRANTED_UNASKED, MAX_EXPIRES
from ringfence.signaling import act, facts
from ringfence.signaling.facts import STREAMS
from ringfence.signaling.ports import digests, ksr
from ringfence.signaling.registration import devices, gateways, registrations
from ringfence.signaling.registration.authentication import DECOY, Identity, not_proved
from ringfence.signaling.registration.repeating import FACTS, allow, device, saved_line
from ringfence.signaling.tallies import Origin
from ringfence.signaling.worker import Worker
from ringfence.store.bans import since_boot

REGISTER: Final = "REGISTER"
ABSENT: Final = "<null>"
UDP: Final = "udp"
TLS: Final = "tls"
"""The transports whose answers take the short way."""

QUESTION: Final = 9
ANSWER: Final = FACTS + 5
"""How many facts there are."""

UNCHECKED: Final = "0"
"""Stands for Kamailio's judgement of the credentials while there is none."""

_MOST_DIGITS: Final = len(str(MAX_EXPIRES)) - 1


def challenges(told: str, worker: Worker) -> bool:
    """Whether this REGISTER without credentials got its challenge; if not, nothing has happened yet."""
    parts = told.split(BETWEEN)
    if len(parts) != QUESTION or not parts[6].isdecimal() or not ksr.readable():
        return False
    source, transport, target, host, agent, call_id, cseq, sender, receiver = parts
    domain = _domain(target, host, agent, worker)
    if (
        not domain
        or _is_special(domain, transport, worker)
        or len(call_id) > MAX_CALL_ID
        or len(sender) > MAX_URI
        or len(receiver) > MAX_URI
    ):
        return False
    if worker.drops(source, time.time()):
        return False
    ksr.use_source_port()
    if digests.challenge(domain, proxy=False):
        origin = Origin(source, transport in STREAMS, call_id, int(cseq))
        worker.tallies.challenged_request(origin, REGISTER, sender.partition(":")[2].partition("@")[0])
        worker.tallies.tell_if_due(time.monotonic())
    else:
        ksr.reply(500, "Server Internal Error")
    return True


def _domain(target: str, host: str, agent: str, worker: Worker) -> str:
    """Our domain that this Request-URI means; "" when there is none or the user agent is blocked."""
    index = worker.view.current()
    familiar = worker.familiar
    if familiar.index is not index:
        familiar.start_over(index)
    if agent not in familiar.agents and (agent == ABSENT or not familiar.welcomes(agent)):
        return ""
    return familiar.domains.get(target) or familiar.domain(target, host)


def _is_special(domain: str, transport: str, worker: Worker) -> bool:
    """Whether the general way has to judge this: it must not be heard over such a transport, or is no MD5 digest."""
    index = worker.view.current()
    if index is None:
        return False
    return (transport not in PRIVATE and domain in index.tls_only) or index.asks_sha_256(domain, transport)


def registers(told: str, worker: Worker, transport: str = UDP) -> bool:
    """Whether this REGISTER with credentials is answered; if not, nothing has happened yet.

    Over TLS a phone comes back from another port, so its account's whole set of devices stands in the journal. Over UDP
    what is printable and has neither a quote nor a backslash stands there as it is. The last fact is Kamailio's
    judgement of the credentials if they were checked before and found not right.
    """
    parts = told.split(BETWEEN)
    if len(parts) != ANSWER or not told.isprintable() or "\\" in told or '"' in told:
        return False
    phone, (call_id, cseq, name, uri, checked) = parts[:FACTS], parts[FACTS:]
    _, source, _, _, port, target, host, _, _, agent, _, expires = phone
    domain = _domain(target, host, agent, worker)
    account = f"{name}@{domain}"
    granted = _granted(expires)
    if (
        not (domain and granted and uri == target and _is_plain(phone, account))
        or len(call_id) > MAX_CALL_ID
        or not cseq.isdecimal()
        or not ksr.readable()
        or _is_special(domain, transport, worker)
        or (transport == TLS and int(port) in {one for _, one in worker.certificate_ports})
        or _is_barred(source, account, worker)
    ):
        return False
    commits = worker.view.commits
    record = worker.view.record(account)
    found = (record or DECOY).decode().split(SEPARATOR)
    if not _is_unescaped(found[NAME_FIELD]):
        return False
    answer = (
        int(checked)
        if checked != UNCHECKED
        else _check(domain, found[HA1_FIELD], source, worker, stream=transport in STREAMS)
    )
    if record is None or answer != Answer.RIGHT or not _may_register(found, account):
        _refuse(account, record, answer, worker)
        return True
    if transport == TLS:
        registrations.save(account, decode_subscriber(record), worker)
        return True
    ksr.remember_source()
    grant = _grant(found, granted)
    if devices.save(account, decode_subscriber(record), worker):
        gateways.note(account, worker.view.current())
        worker.journal.append_line(saved_line(phone, grant, time.time(), call_id, cseq))
        if host == domain:
            allow(phone, grant, commits, granted)
    ksr.reply_saved()
    return True


def expect(facts: Sequence[str], seconds: int, worker: Worker) -> None:
    """Lets the script repeat what is still registered for so long, though this core has not heard the phone yet, if it
    would be let pass with the same facts now. They stand in the journal, and each was let pass before.
    """
    if worker.view.current() is None:
        return
    commits = worker.view.commits
    phone = (str(commits), *facts)
    _, _, _, _, _, target, host, sender, _, agent, _, expires = phone
    account, domain, granted = sender[4:], _domain(target, host, agent, worker), _granted(expires)
    if (
        not (granted and host == domain == account.partition("@")[2] and _is_plain(phone, account))
        or _is_special(domain, UDP, worker)
        or (record := worker.view.record(account)) is None
    ):
        return
    found = record.decode().split(SEPARATOR)
    if _may_register(found, account) and _is_unescaped(found[NAME_FIELD]):
        allow(phone, _grant(found, granted), commits, seconds)


def _is_plain(phone: Sequence[str], account: str) -> bool:
    """Whether one device registers this account, in the spelling it is stored in, and nobody else's."""
    own = f"sip:{account}"
    return (
        phone[7] == phone[8] == own == own.lower()
        and account.count("@") == 1
        and len(own) <= MAX_URI
        and bool(device(phone[10]))
    )


def _may_register(found: Sequence[str], account: str) -> bool:
    return found[0] == account and found[ACTIVE_FIELD] == ACTIVE


def _is_unescaped(name: str) -> bool:
    """Whether it stands in a line of the journal as it is."""
    return '"' not in name and "\\" not in name


def _grant(found: Sequence[str], granted: int) -> tuple[str, ...]:
    return found[HA1_FIELD], str(granted), found[1], found[2], found[NAME_FIELD]


def _is_barred(source: str, account: str, worker: Worker) -> bool:
    now, bans = since_boot(), worker.bans
    return worker.drops(source, time.time()) or (bans.holds_any(now) and bans.is_slowed(source, account, now))


def _check(domain: str, ha1: str, source: str, worker: Worker, *, stream: bool) -> int:
    """Kamailio's judgement of the credentials; an answer to a fresh nonce of ours settles a challenge."""
    ksr.use_source_port()
    answer = digests.check_digest(domain, ha1)
    if answer in FRESH:
        worker.tallies.answered_from(source, stream=stream)
    return answer


def _granted(asked: str) -> int:
    """Seconds the registrar will grant; 0 if nothing is, or if it is no plain number."""
    if asked == ABSENT:
        return GRANTED_UNASKED
    if not asked.isdecimal() or len(asked) > _MOST_DIGITS or asked.strip("0") == "":
        return 0
    return min(max(int(asked), GRANTED_AT_LEAST), GRANTED_AT_MOST)


def _refuse(account: str, record: bytes | None, answer: int, worker: Worker) -> None:
    """The digest is checked and its nonce used up; the verdict is the general way's."""
    subscriber = decode_subscriber(record) if record else None
    identity = (
        Identity(Credentials(account.partition("@")[0], facts.digest_uri(), answer), subscriber)
        if answer == Answer.RIGHT
        else not_proved(REGISTER, account, subscriber, answer, worker)
    )
    index = worker.view.current()
    assert index is not None
    request = facts.request(REGISTER, identity.credentials, identity.caller)
    act.carry_out(decide(request, index, worker.view.subscriber), request, worker)
