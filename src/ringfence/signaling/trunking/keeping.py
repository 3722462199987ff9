"""Looks after trunks once a second, in a timer process: OPTIONS to each address, REGISTER where the provider wants it.

Answers come to any worker. What all must know stands in a shared table; the guard hears of every change.
"""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ringfence.policy.events import Kind
from ringfence.policy.offenders.challenged import Challenge, answerable, objection
from ringfence.policy.trunking.keeping import (
    LONGEST_WANTED,
    Registration,
    Standing,
    accepted,
    address_to_try,
    asking,
    decode_registration,
    not_accepted,
    seconds_asked,
    too_brief,
    trying,
)
from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkKind
from ringfence.signaling.ports import digests, ksr, trunk_port
from ringfence.signaling.trunking import links, proved
from ringfence.signaling.worker import Worker

REPORTED_EVERY: Final = 60.0
REOPENED_AFTER: Final = 5.0
KEPT_OPEN: Final = 30
"""Seconds between two OPTIONS that keep a proved connection where the administrator wants no keep-alives."""
DEFAULT_PORT: Final = 5060
"""RFC 3261 section 19.1.2; a transport that a trunk uses cannot be deleted, so it is not needed."""
NO_CONNECTION: Final = (
    "over TLS: nobody is there, or the certificate has ended, is not valid yet "
    "or is of no authority that is trusted here"
)
ATTEMPTS: Final = "RAS"
"""A registration without a password, with one, and with one for a fresher nonce."""

_asked: dict[str, tuple[float, float]] = {}
"""When an OPTIONS went to an address and when the next one goes, in monotonic seconds; of the timer process alone."""


def _now() -> float:
    """Seconds since boot, the same in all processes: a clock that is set back would renew no registration for hours."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def look_after(worker: Worker) -> None:
    """Sends whatever is due."""
    index = worker.view.current()
    for trunk in index.trunks.by_id.values() if index else ():
        if trunk.enabled and trunk.kind is not TrunkKind.ACCEPT_REGISTER:
            for peer in trunk.peers if trunk.keepalive or proved.is_wanted(trunk) else ():
                _ask_if_due(trunk, peer, worker)
            if trunk.login:
                _register_if_due(trunk, worker)


def _ask_if_due(trunk: Trunk, peer: Peer, worker: Worker) -> None:
    key, now = f"{trunk.id} {peer.hostport}", time.monotonic()
    if not _is_due(trunk, peer, _asked.get(key), now):
        return
    seconds = trunk.keepalive or KEPT_OPEN
    told = f"O|{trunk.id}|{peer.hostport}|{_now():.4f}"
    sent = _sent("OPTIONS", trunk, peer.hostport, "", told, worker)
    if not sent and trunk.link:
        _cannot_leave(trunk, peer.hostport, worker)
    _asked[key] = now, now + (seconds if sent else min(REOPENED_AFTER, seconds))


def _is_due(trunk: Trunk, peer: Peer, asked: tuple[float, float] | None, now: float) -> bool:
    """At its time; sooner while there is no connection that a call could take."""
    if asked is None or now >= asked[1]:
        return True
    is_soon = proved.is_wanted(trunk) and now - asked[0] >= REOPENED_AFTER
    return is_soon and not proved.is_open(trunk, peer.hostport)


def _register_if_due(trunk: Trunk, worker: Worker) -> None:
    standing, now = decode_registration(trunk_port.trunk_registration(trunk.id)), _now()
    if now < standing.due and standing.asked == _asking(trunk) and not _lost_its_address(trunk, standing):
        return
    address = address_to_try(trunk, standing, _down(trunk))
    if address:
        _keep(trunk, trying(address, standing, now), _asking(trunk))
        _register(trunk, address, "", worker, 0)


def _lost_its_address(trunk: Trunk, standing: Registration) -> bool:
    """It stands at an address that went down or is the trunk's no more, and another one is there."""
    if standing.standing is not Standing.REGISTERED:
        return False
    down = _down(trunk)
    others = [peer for peer in trunk.peers if peer.hostport not in down]
    return bool(others) and standing.address not in [peer.hostport for peer in others]


def _down(trunk: Trunk) -> frozenset[str]:
    states = ((peer.hostport, trunk_port.trunk_state(trunk.id, peer.hostport)) for peer in trunk.peers)
    return frozenset(address for address, state in states if state.startswith("down"))


def _register(trunk: Trunk, address: str, authorization: str, worker: Worker, attempt: int) -> None:
    contact = contact_of(trunk, worker.contact_ports, links.known().address(trunk.link, address) if trunk.link else "")
    headers = f"Contact: <{contact}>\r\nExpires: {_seconds(trunk)}\r\n{authorization}"
    if not _sent("REGISTER", trunk, address, headers, f"{ATTEMPTS[attempt]}|{trunk.id}|{address}|{_now():.4f}", worker):
        _failed(trunk, address, 503, "cannot be sent", worker)


def contact_of(trunk: Trunk, ports: Mapping[tuple[str, str], int], on_link: str = "") -> str:
    """Where the provider sends our calls: our address on the trunk's link, or else the one that others are told; the
    port of a transport of this kind there.
    """
    host = on_link or os.environ.get("RINGFENCE_OUTER_ADDRESS", "127.0.0.1")
    shown = f"[{host}]" if ":" in host else host
    user, protocol = trunk.login.username if trunk.login else "", trunk.transport.value
    return f"sip:{user}@{shown}:{ports.get((trunk.link, protocol), DEFAULT_PORT)};transport={protocol}"


def _sent(method: str, trunk: Trunk, address: str, headers: str, told: str, worker: Worker) -> bool:
    socket = links.socket_of(trunk, address, worker)
    if trunk.link and not socket:
        return False
    user = f"{trunk.login.username}@" if trunk.login else ""
    sender = f"sip:{user}{trunk.own_domain}"
    return trunk_port.send_request(
        {
            "method": method,
            "ruri": f"sip:{trunk.domain}",
            "turi": sender if method == "REGISTER" else f"sip:{trunk.domain}",
            "furi": sender,
            "ouri": f"sip:{address};transport={trunk.transport.value}",
            "hdrs": headers,
            "evparam": told,
            "sock": socket,
            "callid": os.urandom(16).hex(),
        }
    )


def replied(worker: Worker) -> None:
    """An answer to one of these requests, or none: then the engine says 408."""
    index = worker.view.current()
    told = ksr.text("$uac_req(evparam)").split("|")
    if len(told) != 4 or index is None:
        return
    what, trunk_id, address, sent_at = told
    trunk, code = index.trunks.by_id.get(int(trunk_id)), ksr.number("$uac_req(evcode)")
    if trunk is None:
        return
    if what == "O":
        _heard(trunk, address, code, 1000 * (_now() - float(sent_at)), worker)
    else:
        _registered(trunk, address, code, worker, ATTEMPTS.index(what))


def _heard(trunk: Trunk, address: str, code: int, latency: float, worker: Worker) -> None:
    """Any answer but a timeout or 503 is a sign of life: many providers refuse an OPTIONS."""
    detail = "" if code not in (408, 503) else _silence(f"OPTIONS: {code}", trunk, address)
    if not detail and proved.is_wanted(trunk):
        detail = proved.objection(trunk, address)
    is_up = not detail
    before = trunk_port.trunk_state(trunk.id, address)
    now = _now()
    reported = float(before.partition(" ")[2] or 0)
    word = "up" if is_up else "down"
    changed = not before.startswith(word)
    if changed or now - reported >= REPORTED_EVERY:
        trunk_port.set_trunk_state(trunk.id, address, f"{word} {now:.0f}")
        told = {"state": word, "latency_ms": round(latency, 1) if is_up else None}
        kind = Kind.TRUNK_CHANGED if changed else Kind.TRUNK_SEEN
        _tell(kind, trunk, address, {**told, "detail": detail}, worker)


def _cannot_leave(trunk: Trunk, address: str, worker: Worker) -> None:
    """Its link is gone, or has no address of this family: that is told once, and calls go another way."""
    if not trunk_port.trunk_state(trunk.id, address).startswith("down"):
        trunk_port.set_trunk_state(trunk.id, address, f"down {_now():.0f}")
        told = {"state": "down", "latency_ms": None, "detail": f"there is no way over the link {trunk.link}"}
        _tell(Kind.TRUNK_CHANGED, trunk, address, told, worker)


def _registered(trunk: Trunk, address: str, code: int, worker: Worker, attempt: int) -> None:
    answered = code not in (408, 503)
    if answered and proved.is_wanted(trunk) and (unproved := proved.objection(trunk, address)):
        _failed(trunk, address, 503, unproved, worker)
    elif 200 <= code < 300:
        before = decode_registration(trunk_port.trunk_registration(trunk.id))
        _keep(trunk, accepted(address, _granted(trunk), _now()))
        if before.until < _now() or before.address != address:
            _tell(Kind.TRUNK_CHANGED, trunk, address, {"registration": Standing.REGISTERED.value, "detail": ""}, worker)
    elif code == 423 and (least := _least_wanted(trunk)):
        _keep(trunk, too_brief(address, least, _now()))
    elif code in (401, 407) and (authorization := _authorization(trunk, code, attempt)):
        _register(trunk, address, authorization, worker, attempt + 1)
    elif code in (401, 407):
        _failed(trunk, address, code, _unanswered(trunk, code, attempt), worker)
    else:
        _failed(trunk, address, code, _silence(f"REGISTER: {code}", trunk, address), worker)


def _silence(said: str, trunk: Trunk, address: str) -> str:
    """What came of a request. Where there is no connection over TLS, the engine does not say what was wrong with it."""
    shut_out = trunk_port.nobody_answered() and proved.is_wanted(trunk) and not proved.is_open(trunk, address)
    return f"{said}, {NO_CONNECTION}" if shut_out else said


def _granted(trunk: Trunk) -> int:
    """Seconds the provider granted: of our contact, or of the whole answer; never more than was asked."""
    contact = ksr.text("$hdr(Contact)")
    found = re.search(r"expires=(\d{1,6})", contact)
    granted = int(found[1]) if found and contact.count("expires=") == 1 else ksr.number("$(hdr(Expires){s.int})")
    return min(granted or trunk.expires, _seconds(trunk))


def _seconds(trunk: Trunk) -> int:
    return seconds_asked(trunk, decode_registration(trunk_port.trunk_registration(trunk.id)).least)


def _least_wanted(trunk: Trunk) -> int:
    """What the provider finds long enough, if that is more than we asked for; 0 for anything else."""
    least = ksr.number("$(hdr(Min-Expires){s.int})")
    return least if _seconds(trunk) < least <= LONGEST_WANTED else 0


def _authorization(trunk: Trunk, code: int, attempt: int) -> str:
    """The header that answers a challenge of our own realm; "" for another realm, or a second time (case 114).

    Once more where the nonce was too old: a provider to whom each one is would be asked for ever.
    """
    challenge = answerable(_challenges(code), trunk.login) if trunk.login else None
    if trunk.login is None or challenge is None or not _may_try(attempt, challenge):
        return ""
    return f"{digests.answer(code, challenge, trunk.login, ('REGISTER', f'sip:{trunk.domain}'))}\r\n"


def _challenges(code: int) -> tuple[str, ...]:
    """Each header that asks for credentials, the first ones of very many."""
    name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    count = min(ksr.number(f"$hdrc({name})"), trunk_port.MOST_CHALLENGES)
    return tuple(ksr.text(f"$(hdr({name})[{place}])") for place in range(count))


def _may_try(attempt: int, challenge: Challenge) -> bool:
    return attempt == 0 or (challenge.is_stale and attempt + 1 < len(ATTEMPTS))


def _unanswered(trunk: Trunk, code: int, attempt: int) -> str:
    asked = _challenges(code)
    if trunk.login is None or (attempt and answerable(asked, trunk.login)):
        return "the password is refused"
    return objection(asked, trunk.login)


def _failed(trunk: Trunk, address: str, code: int, detail: str, worker: Worker) -> None:
    before = decode_registration(trunk_port.trunk_registration(trunk.id))
    now = not_accepted(address, code, _now())
    _keep(trunk, now)
    if (before.address, before.standing) != (address, now.standing):
        _tell(Kind.TRUNK_CHANGED, trunk, address, {"registration": now.standing.value, "detail": detail}, worker)


def _asking(trunk: Trunk) -> str:
    return digests.md5(asking(trunk))


def _keep(trunk: Trunk, standing: Registration, asked: str = "") -> None:
    """An answer is one to what was asked, whatever the trunk says by now."""
    before = decode_registration(trunk_port.trunk_registration(trunk.id))
    asked = asked or before.asked
    least = standing.least or (before.least if asked == before.asked else 0)
    trunk_port.set_trunk_registration(trunk.id, replace(standing, asked=asked, least=least).encoded())


def _tell(kind: Kind, trunk: Trunk, address: str, told: dict[str, Any], worker: Worker) -> None:
    worker.journal.append(kind, {"trunk_id": trunk.id, "address": address, **told})
