"""Whom the TLS of SIP sends away, and why, in words: what Kamailio writes down while it is asked to."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_LINE: Final = re.compile(r"^\s*\d+\((?P<process>\d+)\) ERROR: tls \[[^\]]*\]: \w+\(\): (?P<said>.*)$")
_WHY: Final = re.compile(r"TLS accept:.*SSL routines:[^:]*:(?P<why>[A-Za-z0-9 /_-]+)")
_PLACE: Final = re.compile(r"(?P<side>src|dst) addr: \[?(?P<address>[0-9A-Fa-f:.]+?)\]?:(?P<port>\d+)$")

_TRUST: Final = "it does not trust the certificate of this system"
_OLD: Final = "it speaks no TLS as new as 1.2"
WORDS: Final = {
    "certificate verify failed": "its certificate is not taken: of another authority than the one in force, over, "
    "not valid yet, revoked, or not made for clients",
    "peer did not return a certificate": "it showed no certificate",
    "unknown ca": _TRUST,
    "bad certificate": _TRUST,
    "certificate unknown": _TRUST,
    "certificate expired": "for it the certificate of this system is over: look at the clock of the phone",
    "unsupported protocol": _OLD,
    "no protocols available": _OLD,
    "version too low": _OLD,
    "no shared cipher": "it knows no cipher that is taken",
    "wrong version number": "it speaks no TLS",
    "http request": "it speaks no TLS",
    "packet length too long": "it speaks no TLS",
}


def told(lines: Iterable[str]) -> Iterator[str]:
    """A line for each handshake that failed. Of what the other side chose nothing is shown but its address.

    >>> list(told([
    ...     "19(55) ERROR: tls [tls_util.h:49]: tls_err_ret(): TLS accept:error:0A0000C7:SSL routines::peer did "
    ...     "not return a certificate (sni: unknown)",
    ...     "19(55) ERROR: tls [tls_server.c:1316]: tls_h_read_f(): src addr: 192.0.2.5:59107",
    ...     "19(55) ERROR: tls [tls_server.c:1319]: tls_h_read_f(): dst addr: 192.0.2.1:5071",
    ... ]))
    ['192.0.2.5 at port 5071: it showed no certificate']
    """
    why: dict[str, str] = {}
    source: dict[str, str] = {}
    for line in lines:
        found = _LINE.match(line.rstrip())
        if found is None:
            continue
        process, said = found["process"], found["said"]
        reason, place = _WHY.search(said), _PLACE.search(said)
        if reason:
            why[process] = in_words(reason["why"].strip())
        elif place and place["side"] == "src":
            source[process] = place["address"]
        elif place and process in why and process in source:
            yield f"{source.pop(process)} at port {place['port']}: {why.pop(process)}"


def in_words(reason: str) -> str:
    """OpenSSL's reason, or what it means for whoever looks after the phone.

    >>> in_words("tlsv1 alert unknown ca")
    'it does not trust the certificate of this system'
    """
    return next((words for known, words in WORDS.items() if known in reason), reason)
