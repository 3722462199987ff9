"""A browser without a screen for the lab: pages over HTTPS from one host, with cookies and the forms' tokens."""

import http.client
import re
import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from ringfence.lab.network import PBX_ADDRESS, Host

PORT: Final = 8887


@dataclass(slots=True)
class Browser:
    """Signed in or not; each method answers status, Location and the text of the page."""

    host: Host
    cookies: dict[str, str] = field(default_factory=dict)
    server: tuple[str, int] = (PBX_ADDRESS, PORT)
    claims: dict[str, str] = field(default_factory=dict)
    """What it says of itself beside what every lab's browser claims."""

    def get(self, path: str) -> tuple[int, str, str]:
        return self._ask("GET", path, "")

    def post(self, path: str, **form: str) -> tuple[int, str, str]:
        page = self.get(path)[2]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise LookupError(f"no form here: {page[:500]}")
        return self._ask("POST", path, urlencode({**form, "csrfmiddlewaretoken": token[1]}))

    def _ask(self, method: str, path: str, body: str) -> tuple[int, str, str]:
        context = ssl._create_unverified_context()  # noqa: S323 the lab's own certificate
        link = self.host.tcp()
        link.settimeout(10)
        link.connect(self.server)
        connection = http.client.HTTPSConnection(*self.server, timeout=10, context=context)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"https://{self.server[0]}:{self.server[1]}{path}",
            "X-Forwarded-For": "203.0.113.9",
            "X-Ringfence-Client": "203.0.113.9",
            "Connection": "close",
            **self.claims,
        }
        with context.wrap_socket(link, server_hostname=self.server[0]) as connection.sock:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for name, value in answer.headers.items():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()
