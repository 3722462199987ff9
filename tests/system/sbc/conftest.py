"""The suite's system with its SBC switched on while it runs, and phones that know the SBC alone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.softphone import Softphone, Transport
from ringfence.lab.webphone import WebPhone

SBC: Final = {
    Transport.UDP: (PBX_ADDRESS, 5066),
    Transport.TCP: (PBX_ADDRESS, 5067),
    Transport.TLS: (PBX_ADDRESS, 5065),
    Transport.WSS: (PBX_ADDRESS, 5065),
}
PAGE: Final = f"https://{PBX_ADDRESS}:10443"
SWITCHED_WITHIN: Final = 90.0


@pytest.fixture(scope="session")
def with_sbc(pbx: Any) -> Iterator[Any]:
    done = pbx.product.command("sbc", "on", timeout=SWITCHED_WITHIN)
    assert done.returncode == 0, done.stderr
    yield pbx
    done = pbx.product.command("sbc", "off", timeout=SWITCHED_WITHIN)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def outside(with_sbc: Any, stranger: Callable[[], Host]) -> Iterator[Callable[..., Softphone]]:
    """Phones at the SBC, registered unless said otherwise: `outside("601")`, `outside("602", Transport.TCP)`."""
    with ExitStack() as stack:

        def make(number: str, transport: Transport = Transport.UDP, registered: bool = True) -> Softphone:
            account, host = with_sbc.account(number), stranger()
            made = (
                WebPhone(host, SBC[transport], account, PAGE, "sip")
                if transport is Transport.WSS
                else Softphone(host, SBC[transport], account, transport)
            )
            stack.enter_context(made)
            if registered:
                answer = made.register()
                assert answer.status == 200, answer.start_line
            return made

        yield make
