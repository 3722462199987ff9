"""One Ringfence without the right to change nftables, on a small disk of its own."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab.network import Host
from ringfence.lab.product import Product, make_home
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone

HOST_NUMBER: Final = 66
DISK: Final = "256m"
DOMAIN: Final = "poor.example"


@dataclass(slots=True)
class Poor:
    """The product and its accounts, made on first use."""

    product: Product
    tenant: dict[str, Any]
    accounts: dict[str, Account] = field(default_factory=dict)

    def account(self, number: str) -> Account:
        if number not in self.accounts:
            created = self.product.create_user(self.tenant, number)
            self.accounts[number] = Account(number, DOMAIN, created["sip_secret"])
        return self.accounts[number]

    @property
    def server(self) -> tuple[str, int]:
        return (self.product.host.address, 5060)


@pytest.fixture(scope="module")
def poor(lab: Any, request: pytest.FixtureRequest) -> Iterator[Poor]:
    home = make_home("poor")
    product = Product(lab.host("poor", HOST_NUMBER), lab.host("admin", 10), home, without=("net_admin",))
    with _small_disk(product.paths.state):
        try:
            product.start()
            product.administer()
            yield Poor(product, product.create_tenant("Poor", DOMAIN))
        finally:
            product.stop()
    shutil.rmtree(home)


@contextmanager
def _small_disk(state: Path) -> Iterator[None]:
    """For all that is kept; sockets and engine files lie elsewhere, as they do on a server (`/run`)."""
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(state)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(state)], check=True)


@pytest.fixture
def phone(poor: Poor, stranger: Callable[[], Host]) -> Iterator[Callable[..., Softphone]]:
    """Registered scripted phones of this system: `phone("101")`."""
    with ExitStack() as stack:

        def make(number: str) -> Softphone:
            made = stack.enter_context(Softphone(stranger(), poor.server, poor.account(number)))
            assert made.register().status == 200
            return made

        yield make
