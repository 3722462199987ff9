"""Who acts: decided once at the edge (session, token or shell), then handed down to everything that reads or changes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`tenant_id` None means the whole system; only the system administrator and a shell of the server have that."""

    name: str
    address: str = ""
    person_id: int | None = None
    tenant_id: int | None = None

    @property
    def administers_system(self) -> bool:
        return self.tenant_id is None


def shell_actor() -> Actor:
    """Whoever runs a command on the server itself."""
    return Actor("command line", "local")
