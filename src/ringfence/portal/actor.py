"""Who acts: decided once at the edge (session, token or shell), then handed down."""

from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Actor:
    """Only the system administrator and a shell of the server administer the system; everybody else has one tenant."""

    name: str
    address: str = ""
    person_id: int | None = None
    tenant_id: int | None = None
    administers_system: bool = False


def shell_actor() -> Actor:
    """Whoever runs a command on the server itself."""
    return Actor("command line", "local", administers_system=True)


class ApiRequest(HttpRequest):
    """A REST request after its token was checked."""

    auth: Actor
