"""The portal of the unit tests, for tests that send more than a quick check can bear."""

from collections.abc import Iterator

import pytest

from tests.unit.portal.conftest import _fresh_database, _portal, guard, places, site
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import Site
from tests.unit.portal.test_transports import USUAL
from tests.unit.portal.test_voice_network import STATE
from tests.unit.portal.test_web_access import web

__all__ = ["_fresh_database", "_portal", "guard", "process", "site", "web"]


@pytest.fixture(autouse=True)
def process(site: Site) -> Iterator[FakeGuard]:
    """The transports process, with an answer to everything that the portal asks it."""
    socket = places.PATHS.transports_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    fake = FakeGuard(socket)
    fake.answers |= {verb: {"transports": USUAL} for verb in ("transports.show", "transports.change")}
    fake.answers |= {
        verb: {"certificates": {}} for verb in ("certificates.show", "certificates.put", "certificates.drop")
    }
    fake.answers |= {"network.show": STATE, "network.change": STATE, "phones.trust": {}}
    fake.start()
    yield fake
    fake.stop()
