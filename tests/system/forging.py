"""What somebody sends who wants to be taken for somebody else, at any port of the core and of an SBC."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ringfence.lab.network import Host
from ringfence.lab.product import within
from ringfence.lab.sip import Headers
from ringfence.lab.softphone import Softphone, unchecked_tls

CLAIM: Final = "X-Ringfence-Client"
WITHIN: Final = 3.0


def claims(who: str) -> dict[str, Headers]:
    """Ways to say in a request that it comes from this address."""
    client = f"{who}:5060/udp"
    return {
        "plain": [(CLAIM, client)],
        "letter case": [("x-rINGFENCE-client", client)],
        "space before the colon": [(f"{CLAIM} ", client), ("Path ", f"<sip:flow@{who};lr>"), ("TH ", "dih")],
        "tab before the colon": [(f"{CLAIM}\t", client), ("PATH\t", f"<sip:flow@{who};lr>")],
        "folded": [(CLAIM, f"\r\n {client}"), ("Path", f"\r\n\t<sip:flow@{who};lr>")],
        "name folded": [(f"{CLAIM}\r\n ", client)],
        "twice": [(CLAIM, client), (CLAIM, client)],
        "in one line": [(CLAIM, f"{client}, {client}")],
        "below a bare LF": [("Subject", f"a\n{CLAIM}: {client}")],
        "below a bare CR": [("Subject", f"a\r{CLAIM}: {client}")],
        "certificate": [("X-Ringfence-Certificate", f"{b'922@acme.example'.hex()},,")],
        "path": [("Path", f"<sip:flow@{who};lr;ob;flow=abc!def>"), ("Supported", "path, outbound")],
        "path twice": [("path", f"<sip:{who};lr>"), ("PATH", f"<sip:{who};lr>, <sip:{who};lr>")],
        "record-route": [("Record-Route", f"<sip:{who};lr;flow=abc!def>")],
        "other proxies' words": [
            ("X-Forwarded-For", who), ("Forwarded", f"for={who}"), ("X-Real-IP", who), ("X-Source-IP", who),
            ("P-Source-Address", who),
        ],
        "topology": [("TH", "dih"), ("X-PBX-Client", client), ("X-Ringfence-", client)],
    }  # fmt: skip


def claims_in_uris(who: str, user: str) -> dict[str, dict[str, str]]:
    """The same as headers of a URI (RFC 3261 section 19.1.1) and in what says the way, by the header replaced."""
    asked = f"?{CLAIM}={who}%3A5060%2Fudp"
    return {
        "contact": {"Contact": f"<sip:{user}@{who}:5060{asked}>"},
        "contact's parameters": {"Contact": f"<sip:{user}@{who}:5060;received={who};alias={who}~5060~1>"},
        "via": {"Via": f";received={who};rport=5060;alias;i=1;maddr={who}"},
    }


def registered_by(device: Softphone, more: Headers, instead: dict[str, str] | None = None) -> int:
    """The status of a REGISTER with right credentials and these headers; 0 for silence."""
    headers = [
        (name, value + (instead or {}).get(name, "") if name == "Via" else (instead or {}).get(name, value))
        for name, value in device.headers("REGISTER", device.account.aor)
    ]
    uri = f"sip:{device.account.domain}"
    headers = [*headers, *more, ("Expires", "300")]
    challenged = device.silent("REGISTER", uri, headers, wait=WITHIN)
    if challenged is None or challenged.status != 401:
        return challenged.status if challenged else 0
    answered = device.silent("REGISTER", uri, device.answered(challenged, "REGISTER", uri, headers), wait=WITHIN)
    return answered.status if answered else 0


def of_web(who: str) -> dict[str, str]:
    """The same in HTTP, in the words of proxies."""
    names = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X_Forwarded_For", CLAIM)
    return {
        **dict.fromkeys(names, who),
        "Forwarded": f"for={who}",
        "X-Ringfence-Door": "phone",
        "X-Connection": "1-1 1",
    }


def guesses(device: Softphone, more: Headers) -> None:
    """Wrong passwords until there is silence."""
    uri = f"sip:{device.account.domain}"
    for _ in range(8):
        headers = [*device.headers("REGISTER", device.account.aor), *more]
        challenged = device.silent("REGISTER", uri, headers)
        if challenged is None or challenged.status != 401:
            return
        if device.silent("REGISTER", uri, device.answered(challenged, "REGISTER", uri, headers)) is None:
            return


def everything(who: str) -> Headers:
    """All claims that one message can hold."""
    left_out = ("name folded", "twice", "in one line", "path twice")
    return [one for name, more in claims(who).items() if name not in left_out for one in more]


def preambles(who: str, there: str, port: int) -> dict[str, bytes]:
    """PROXY protocol, versions 1 and 2 (haproxy's proxy-protocol.txt)."""
    addresses = bytes(map(int, who.split("."))) + bytes(map(int, there.split("."))) + b"\x13\xc4"
    second = b"\r\n\r\n\x00\r\nQUIT\n" + b"\x21\x11\x00\x0c" + addresses + port.to_bytes(2, "big")
    return {"v1": f"PROXY TCP4 {who} {there} 5060 {port}\r\n".encode(), "v2": second}


def answer_after(host: Host, server: tuple[str, int], preamble: bytes, message: bytes, where: str) -> bytes:
    """What a port says to a message after the preamble, which stands before TLS or inside it."""
    with host.tcp() as sock:
        sock.settimeout(WITHIN)
        sock.connect(server)
        try:
            if where == "plain":
                sock.sendall(preamble + message)
                return sock.recv(4096)
            if where == "before TLS":
                sock.sendall(preamble)
            with unchecked_tls().wrap_socket(sock) as secured:
                secured.sendall(message if where == "before TLS" else preamble + message)
                return secured.recv(4096)
        except OSError:
            return b""


@contextmanager
def upgraded(host: Host, server: tuple[str, int], claimed: dict[str, str]) -> Iterator[bytes]:
    """The first line that a WebSocket's opening gets, which stays open."""
    with host.tcp() as sock:
        sock.settimeout(WITHIN)
        sock.connect(server)
        with unchecked_tls().wrap_socket(sock) as secured:
            said = "".join(f"{name}: {value}\r\n" for name, value in claimed.items())
            secured.sendall(
                f"GET / HTTP/1.1\r\nHost: {server[0]}:{server[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bGFib3JhdG9yeS1rZXkhIQ==\r\n{said}\r\n".encode()
            )
            yield secured.recv(4096).partition(b"\r\n")[0]


def all_claims(who: str, user: str) -> list[tuple[str, Headers, dict[str, str]]]:
    """Each with its name, as headers to add and as headers that stand for others."""
    added: list[tuple[str, Headers, dict[str, str]]] = [(name, more, {}) for name, more in claims(who).items()]
    return added + [(name, [], instead) for name, instead in claims_in_uris(who, user).items()]


def assert_registered_truly(
    pbx: Any, liar: Softphone, name: str, who: str, more: Headers, instead: dict[str, str]
) -> None:
    """Whoever registers with this claim is known by the own address and no other way, or not registered at all."""
    status = registered_by(liar, more, instead)
    assert status in (0, 200, 400), (name, status)
    if status != 200:
        return
    found, _ = within(5, lambda: of_aor(pbx, liar.account.aor), name)
    assert {(one["source"], one["port"]) for one in found} == {(liar.address, liar.port)}, name
    ways = [contact.get(way, "") for one in found for contact in one["contacts"] for way in ("path", "received")]
    assert not [way for way in ways if f"{who}:5060" in way or f"@{who};lr" in way], (name, ways)
    assert liar.register(expires=0, contact=instead.get("Contact")).status == 200
    within(5, lambda: not of_aor(pbx, liar.account.aor), f"{name} is gone")


def of_aor(pbx: Any, aor: str) -> list[dict[str, Any]]:
    return [one for one in pbx.product.registrations() if f"sip:{one['aor']}" == aor]
