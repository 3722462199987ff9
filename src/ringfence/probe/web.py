"""What a port answers to HTTP: its front page, and whether a page of another site may open a WebSocket."""

import http.client
import ssl
from typing import Final

from ringfence.probe.view import Web

SECONDS: Final = 2.0
LONGEST: Final = 4_096
FOREIGN: Final = "https://evil.example"
PATHS: Final = ("/", "/provisioning/", "/static/")
SOCKET: Final = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "cmluZ2ZlbmNlIHByb2JlIQ==", "Origin": FOREIGN,
}  # fmt: skip
LISTING: Final = ("<title>Index of", "Directory listing for")


def look(host: str, port: int, *, secure: bool) -> Web | None:
    """None for a port that speaks no HTTP."""
    front = _asked(host, port, "/", secure)
    if front is None:
        return None
    status, headers, _ = front
    listing = any(_lists(host, port, path, secure) for path in PATHS)
    location = headers.get("location", "") if 300 <= status < 400 and not secure else ""
    return Web(port, secure, status, location, headers.get("server", ""), listing, _opens_foreign(host, port, secure))


def _lists(host: str, port: int, path: str, secure: bool) -> bool:
    answer = _asked(host, port, path, secure)
    return answer is not None and answer[0] == 200 and any(mark in answer[2] for mark in LISTING)


def _opens_foreign(host: str, port: int, secure: bool) -> bool:
    for protocol in ("sip", "ringfence.events.v1"):
        answer = _asked(host, port, "/", secure, {**SOCKET, "Sec-WebSocket-Protocol": protocol})
        if answer is not None and answer[0] == 101:
            return True
    return False


def _asked(
    host: str, port: int, path: str, secure: bool, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str] | None:
    link = _link(host, port, secure)
    try:
        link.request("GET", path, headers={"Connection": "close", **(headers or {})})
        answer = link.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        body = b"" if answer.status == 101 else answer.read(LONGEST)
        return answer.status, named, body.decode("utf-8", "replace")
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        link.close()


def _link(host: str, port: int, secure: bool) -> http.client.HTTPConnection:
    if not secure:
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
