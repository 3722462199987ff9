"""A small REST client for the lab: trusts exactly the certificate of its product and speaks from a given lab host."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ringfence.lab.network import PBX_ADDRESS, Host

PORT: Final = 8887
ROOT: Final = "/api/v1/"


@dataclass(eq=False)
class Refused(Exception):
    """The API said no: the status and the problem document (RFC 9457)."""

    status: int
    problem: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.status} {json.dumps(dict(self.problem))}"


class Rest:
    """The product's REST API as seen from one host."""

    def __init__(self, host: Host, certificate: Path, token: str = "", server: str = PBX_ADDRESS) -> None:
        self._host, self._server = host, server
        self._certificate = certificate
        self.token = token
        self.patience = 40.0

    def get(self, path: str, **query: str) -> Any:
        suffix = "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
        return self.call("GET", path + suffix)

    def post(self, path: str, **values: Any) -> Any:
        return self.call("POST", path, values)

    def patch(self, path: str, **values: Any) -> Any:
        return self.call("PATCH", path, values)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)

    def call(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer. Raises Refused for any status from 400."""
        status, body = self.raw(method, path, values)
        try:
            decoded = json.loads(body) if body else {}
        except ValueError:
            decoded = {"detail": body[:500].decode("utf-8", "replace")}
        if status >= 400:
            raise Refused(status, decoded if isinstance(decoded, dict) else {"detail": decoded})
        return decoded

    def raw(
        self, method: str, path: str, values: Mapping[str, Any] | None = None, extra: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of one request; `path` is relative to the API unless it begins with a slash."""
        context = self._trusting()
        connection = http.client.HTTPSConnection(self._server, PORT, timeout=self.patience, context=context)
        link = self._host.tcp()
        link.settimeout(self.patience)
        link.connect((self._server, PORT))
        headers = {"Accept": "application/json", "Connection": "close", **(extra or {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None
        if values is not None:
            headers["Content-Type"], body = "application/json", json.dumps(values)
        with context.wrap_socket(link, server_hostname=self._server) as connection.sock:
            connection.request(method, path if path.startswith("/") else ROOT + path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _trusting(self) -> ssl.SSLContext:
        """The certificate in force is the trust anchor; it may have been changed a moment ago."""
        context = ssl.create_default_context(cafile=str(self._certificate))
        context.check_hostname = False
        return context
