"""Somebody who holds what the moment wants, for the walks over pages and REST."""

import json
from typing import Any

from django.db import transaction

from ringfence.portal.people.models import Role
from ringfence.portal.permissions import OF_OPERATORS, Permission
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser
from tests.unit.portal.test_every_operation import Operation


class Somebody:
    """An operator whose role holds what the moment wants, with a browser and a token."""

    def __init__(self, site: Site) -> None:
        site.admin.post("roles", name="Solo", permissions=["users.read"])
        wish = {"username": "eve", "display_name": "Eve", "role": "Solo", "password": PASSWORD}
        site.admin.post("operators", **wish)
        self.role = Role.objects.get(name="Solo")
        self.may(OF_OPERATORS)
        self.browser = signed_in_browser("eve")
        self.rest = Rest()
        self.rest.token = self.rest.post("auth/token", username="eve", password=PASSWORD)["token"]

    def may(self, rights: frozenset[Permission]) -> None:
        self.role.hold(rights)
        self.role.save()

    def asks(self, rights: frozenset[Permission], method: str, path: str) -> int:
        """The status with these rights. Whatever it did is undone: the next question finds the same system."""
        with transaction.atomic():
            self.may(rights)
            ask = get if method == "GET" else post
            status: int = ask(self.browser, path).status_code
            transaction.set_rollback(True)
        return status

    def calls(self, rights: frozenset[Permission], item: Operation, path: str, body: Any) -> int:
        headers = {"Authorization": f"Bearer {self.rest.token}"}
        told: dict[str, Any] = {"data": json.dumps(body or {}), "content_type": "application/json", "headers": headers}
        with transaction.atomic():
            self.may(rights)
            answer: Any = self.rest.client.generic(item.method, f"/api/v1/{path}", secure=True, **told)
            transaction.set_rollback(True)
        return int(answer.status_code)
