"""One running Ringfence for the whole system suite, strangers to attack it, and an oracle after every test."""

import shutil
import socket
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host, Lab, LabUnavailable
from ringfence.lab.product import Product, make_home, within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport, listener

UDP: Final = (PBX_ADDRESS, 5060)
TCP: Final = (PBX_ADDRESS, 5063)
TLS: Final = (PBX_ADDRESS, 5061)
SERVERS: Final = {Transport.UDP: UDP, Transport.TCP: TCP, Transport.TLS: TLS}
DOMAIN: Final = "acme.example"
ANSWER_TIME: Final = 1.0
SHARED_MEMORY_SLACK: Final = 512 * 1024
FIRST_STRANGER: Final = 1000
"""Above the numbers that tests give to hosts of their own."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "restarts: this test ends processes of the product on purpose")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    system = getattr(item, "funcargs", {}).get("pbx")
    if report.when == "call" and report.failed and isinstance(system, Pbx):
        report.sections.append(("where the core's workers stand", system.product.standstills()))
    return report


@dataclass(slots=True)
class Pbx:
    """The product under test and what the tests know about it."""

    product: Product
    lab: Lab
    tenant: dict[str, Any]
    accounts: dict[str, Account] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def rest(self) -> Any:
        return self.product.rest

    def account(self, number: str) -> Account:
        """The extension of this number, created on first use."""
        if number not in self.accounts:
            created = self.product.create_user(self.tenant, number)
            self.users[number] = created
            self.accounts[number] = Account(number, self.tenant["domain"], created["sip_secret"])
        return self.accounts[number]

    def set_security(self, **values: Any) -> None:
        """Change security settings and wait until every worker obeys."""
        self.rest.patch("settings/security", **values)
        time.sleep(0.3)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stories that nothing is put back after come last: the SBC takes ports over from the core, SIP moves away."""
    last = ("sbc", "signalling_elsewhere")
    items.sort(key=lambda item: last.index(item.path.parent.name) if item.path.parent.name in last else -1)


class ByStory(LoadScopeScheduling):
    """With `-n 2` each process has a lab and a product of its own, and plays whole stories in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStory:
    config.option.loadscopereorder = False
    return ByStory(config, log)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    try:
        with Lab() as built:
            yield built
    except LabUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pbx(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Pbx]:
    home = make_home("test")
    product = Product(lab.host("srv", 1), lab.host("admin", 10), home)
    try:
        product.start()
        product.administer()
        yield Pbx(product, lab, product.create_tenant("Acme", DOMAIN))
    finally:
        product.stop()
        if request.session.testsfailed:
            _say(request.config, f"logs and data are kept in {home}")
        else:
            shutil.rmtree(home)


def _say(config: pytest.Config, what: str) -> None:
    """To whoever runs the tests, even if that is another process (xdist), which hears the standard error alone."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{what}", file=sys.stderr)


@dataclass(slots=True)
class Strangers:
    """Hosts that no test has used before, so that a ban earned in one test never touches the next."""

    lab: Lab
    count: int = 0
    present: list[Host] = field(default_factory=list)

    def __call__(self) -> Host:
        self.count += 1
        number = FIRST_STRANGER + self.count
        self.present.append(self.lab.host(f"s{number}", number))
        return self.present[-1]

    def leave(self) -> None:
        self.lab.unplug(self.present)
        self.present.clear()


@pytest.fixture(scope="session")
def strangers(lab: Lab) -> Strangers:
    return Strangers(lab)


@pytest.fixture
def stranger(strangers: Strangers) -> Iterator[Callable[[], Host]]:
    """They leave with the test: a bridge has room for a thousand hosts, and each slows the others down."""
    yield strangers
    strangers.leave()


@pytest.fixture
def trusted(pbx: Pbx, stranger: Callable[[], Host]) -> Iterator[Host]:
    """A stranger with an allow entry: no limit of the kernel stands before those of the core, and no ban answers."""
    host = stranger()
    entry = pbx.product.allow(host.address)
    yield host
    pbx.rest.delete(f"ip-filters/{entry['id']}")


@pytest.fixture
def phone(pbx: Pbx, stranger: Callable[[], Host]) -> Iterator[Callable[..., Softphone]]:
    """Registered scripted phones: `phone("101")`, `phone("102", Transport.TCP)`; `registered=False` leaves that out."""
    made_before: set[str] = set()
    with ExitStack() as stack:

        def make(
            number: str, transport: Transport = Transport.UDP, registered: bool = True, host: Host | None = None
        ) -> Softphone:
            made = stack.enter_context(
                Softphone(host or stranger(), SERVERS[transport], pbx.account(number), transport)
            )
            if registered and number not in made_before:
                made.register(expires=0, contact="*")  # a device of an earlier test would ring beside this one
            made_before.add(number)
            if registered:
                answer = made.register()
                assert answer.status == 200, answer.start_line
            return made

        yield make


@pytest.fixture
def attacker(stranger: Callable[[], Host]) -> Iterator[Softphone]:
    """A scripted phone on a fresh address without any account."""
    with Softphone(stranger(), UDP, Account("attacker", DOMAIN, "guess")) as one:
        yield one


@pytest.fixture(scope="session")
def trunk(lab: Lab) -> Iterator[socket.socket]:
    """A carrier's address that must never see a call which nobody routed there."""
    with listener(lab.host("trunk", 90), 5060) as sock:
        yield sock


@pytest.fixture(scope="session")
def witness(pbx: Pbx, lab: Lab) -> Iterator[Softphone]:
    """A well-behaved phone elsewhere, whose service must never suffer."""
    with Softphone(lab.host("witness", 20), UDP, pbx.account("199")) as one:
        yield one


@pytest.fixture
def oracle(request: pytest.FixtureRequest, pbx: Pbx, witness: Softphone, trunk: socket.socket) -> Iterator[None]:
    """After every test: no worker ended, others are served in a second, nothing reached the trunk, no memory lost."""
    restarts = request.node.get_closest_marker("restarts") is not None
    workers, free = pbx.product.core_workers(), pbx.product.shared_memory_free()
    yield
    if not restarts:
        assert pbx.product.core_workers() == workers, "a process of the SIP core ended"
        lost = free - within(4.0, lambda: _settled(pbx, free), "shared memory is given back")[0]
        assert lost <= SHARED_MEMORY_SLACK
    _answered_quickly(witness)
    assert _calls_at(trunk) == []


def _settled(pbx: Pbx, before: int) -> int:
    free = pbx.product.shared_memory_free()
    return free if before - free <= SHARED_MEMORY_SLACK else 0


def _answered_quickly(witness: Softphone) -> None:
    begun = time.monotonic()
    assert witness.options(timeout=ANSWER_TIME).status == 200
    assert time.monotonic() - begun <= ANSWER_TIME
    begun = time.monotonic()
    assert witness.register().status == 200
    assert time.monotonic() - begun <= ANSWER_TIME


def _calls_at(trunk: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(sip.parse(trunk.recv(65_535)).start_line)
        except BlockingIOError:
            return found
