"""REST calls and ready-made systems for tests."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from django.test import Client

from ringfence.portal.people.models import Person
from ringfence.portal.system.setup import new_setup_token
from tests.unit.portal.fakeguard import FakeGuard

PASSWORD = "correct-Horse7"


@dataclass(slots=True)
class Rest:
    """One caller of the REST API."""

    token: str = ""
    address: str = "192.0.2.50"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.client.generic(
            method,
            f"/api/v1/{path}",
            _encoded(body),
            content_type="application/json",
            headers=headers,
            REMOTE_ADDR=self.address,
            secure=True,
        )
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json", answer.content
        return answer.status_code, answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        status, data = self.call("GET", path)
        assert status == 200, data
        return data

    def post(self, path: str, **body: Any) -> Any:
        status, data = self.call("POST", path, body)
        assert status in (200, 201), data
        return data

    def refusal(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, data = self.call(method, path, body)
        assert status >= 400, data
        return {"status": status, "error_id": data["error_id"], "field": data["field"], "detail": data["detail"]}


def _encoded(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def signed_in(username: str, password: str = PASSWORD) -> Rest:
    """With the first password already changed."""
    Person.objects.filter(username=username).update(must_change_password=False)
    rest = Rest()
    rest.token = rest.post("auth/token", username=username, password=password)["token"]
    return rest


@dataclass(slots=True)
class Site:
    """Two tenants, A and B. `admin` is the system administrator, `a` and `b` the tenants' administrators."""

    guard: FakeGuard
    admin: Rest
    a: Rest
    b: Rest
    tenants: dict[str, int]
    users: dict[str, int]

    def copy(self, guard: FakeGuard) -> "Site":
        """The same system with fresh callers and this guard."""
        admin, a, b = (Rest(token=caller.token) for caller in (self.admin, self.a, self.b))
        return Site(guard, admin, a, b, dict(self.tenants), dict(self.users))

    @classmethod
    def build(cls, guard: FakeGuard) -> Self:
        Rest().post("setup", token=new_setup_token(), password=PASSWORD)
        admin = signed_in("admin")
        tenants = {
            name: admin.post("tenants", name=f"Tenant {name}", domain=f"{name}.example")["id"] for name in ("a", "b")
        }
        users: dict[str, int] = {}
        for name, tenant_id in tenants.items():
            for number, role, password in (("100", "Admin", PASSWORD), ("101", "Standard User", None)):
                wish = {"extension": number, "display_name": f"Phone {number}", "role": role, "password": password}
                users[f"{number}@{name}.example"] = admin.post("users", tenant_id=tenant_id, **wish)["id"]
        return cls(guard, admin, signed_in("100@a.example"), signed_in("100@b.example"), tenants, users)
