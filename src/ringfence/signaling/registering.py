"""The plain registration in one pass: a phone asks for a challenge, or registers its one device with the right answer.

It is the message a PBX sees most, and in a worker that wakes up for it every function and every fact costs (ADR 9). So
Kamailio's own script finds out which REGISTER is plain (`engines/templates/core.cfg.j2`: headers that matter stand
once, no To tag, sane), and what a dozen gates ask is asked here at once. It may only challenge or save what `screen`
and `decide` would let pass, challenge or save. Whatever is not plain at first sight is left alone, with nothing done
yet.
"""

import time
from typing import Final

from ringfence.policy.book import ACTIVE, ACTIVE_FIELD, HA1_FIELD, SEPARATOR, decode_subscriber
from ringfence.policy.decide import decide
from ringfence.policy.events import Kind
from ringfence.policy.index import Index
from ringfence.policy.model import Answer, Credentials
from ringfence.policy.rules.packet import MAX_CALL_ID, MAX_URI
from ringfence.policy.rules.registration import GRANTED_AT_LEAST, GRANTED_AT_MOST, GRANTED_UNASKED, MAX_EXPIRES
from ringfence.signaling import act, facts, ksr
from ringfence.signaling.authentication import DECOY, Identity, not_proved
from ringfence.signaling.worker import Worker

_MOST_DIGITS: Final = len(str(MAX_EXPIRES)) - 1
_NOT_PLAIN: Final = frozenset(',"* \t\\')


def serves(worker: Worker) -> bool:
    """Whether this REGISTER, plain as `core.cfg` found it, is answered; if not, nothing has happened yet."""
    source = ksr.source()
    now = time.time()
    if not ksr.readable() or worker.bans.is_banned(source, now):
        return False
    try:
        index = worker.view.current()
        return index is not None and _judged(now, index, worker)
    finally:
        worker.view.release()


def _judged(now: float, index: Index, worker: Worker) -> bool:
    """The gates that need no digest, and the challenge to who brings none."""
    familiar = worker.familiar
    if familiar.index is not index:
        familiar.start_over(index)
    target = ksr.target_uri()
    domain = familiar.domains.get(target) or familiar.domain(target, ksr.target_host())
    agent = ksr.user_agent()
    if not domain or not (agent in familiar.agents or familiar.welcomes(agent)):
        return False
    if len(ksr.call_id()) > MAX_CALL_ID:
        return False
    name = ksr.claimed_user()
    if name:
        return _registers(name, domain, now, index, worker)
    if len(ksr.from_uri()) > MAX_URI or len(ksr.to_uri()) > MAX_URI:
        return False
    if not ksr.challenge(domain, proxy=False):
        ksr.reply(500, "Server Internal Error")
    return True


def _registers(name: str, domain: str, now: float, index: Index, worker: Worker) -> bool:
    """Has the digest checked, saves and tells, in the order of the general way."""
    account = f"{name}@{domain}"
    uri = f"sip:{account}"
    if uri != ksr.from_uri() or uri != ksr.to_uri() or uri != uri.lower() or "@" in name or len(uri) > MAX_URI:
        return False
    if ksr.text("$adu") != ksr.target_uri() or worker.bans.is_slowed(ksr.source(), account, now):
        return False
    contact, granted = _contact(ksr.text("$ct")), _granted(ksr.text("$hdr(Expires)"))
    if not (contact and granted and ksr.transport() == "udp"):
        return False
    record = worker.view.record(account)
    subscriber = (record or DECOY).decode().split(SEPARATOR)
    answer = ksr.check_digest(domain, subscriber[HA1_FIELD])
    if answer == Answer.RIGHT and subscriber[0] == account and subscriber[ACTIVE_FIELD] == ACTIVE:
        _save(contact, int(now) + granted, subscriber, worker)
    else:
        _refuse(account, record, answer, index, worker)
    return True


def _contact(header: str) -> str:
    """The URI of a header with one contact whose lifetime is not its own; "" if it is not that plain."""
    uri, end, parameters = header[1:].partition(">")
    plain = header.startswith("<sip:") and end and _NOT_PLAIN.isdisjoint(uri) and "<" not in uri
    return uri if plain and not ("," in parameters or "expires" in parameters.lower()) else ""


def _granted(asked: str) -> int:
    """Seconds the registrar will grant; 0 if nothing is, or if it is no plain number."""
    if not asked:
        return GRANTED_UNASKED
    if not asked.isdecimal() or len(asked) > _MOST_DIGITS or asked.strip("0") == "":
        return 0
    return min(max(int(asked), GRANTED_AT_LEAST), GRANTED_AT_MOST)


def _save(contact: str, expires_at: int, subscriber: list[str], worker: Worker) -> None:
    """Like `registrations.save`, but tells of this one device only; the guard keeps the account's other devices."""
    ksr.remember_source()
    if ksr.save_contacts():
        source, port = ksr.source(), ksr.source_port()
        worker.journal.append(
            Kind.REGISTRATION_SAVED,
            {
                "aor": subscriber[0],
                "contacts": [
                    {
                        "uri": contact,
                        "expires_at": expires_at,
                        "received": f"sip:{source}:{port}",
                        "socket": ksr.own_socket(),
                    }
                ],
                "complete": False,
                "source": source,
                "port": port,
                "transport": "udp",
                "user_agent": ksr.user_agent()[:128],
                "call_id": ksr.call_id()[:128],
                "cseq": ksr.number("$cs"),
                "tenant_id": int(subscriber[1]),
                "user_id": int(subscriber[2]),
                "display_name": subscriber[5],
            },
        )
    ksr.reply_saved()


def _refuse(account: str, record: bytes | None, answer: int, index: Index, worker: Worker) -> None:
    """The digest is checked and its nonce used up; the verdict is the general way's."""
    subscriber = decode_subscriber(record) if record else None
    identity = (
        Identity(Credentials(account.partition("@")[0], facts.digest_uri(), answer), subscriber)
        if answer == Answer.RIGHT
        else not_proved("REGISTER", account, subscriber, answer, worker)
    )
    request = facts.request("REGISTER", identity.credentials, identity.caller)
    act.carry_out(decide(request, index, worker.view.subscriber), request, worker)
