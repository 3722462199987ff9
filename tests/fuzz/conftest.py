"""The portal of the unit tests, for tests that send more than a quick check can bear."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.portal.conftest import _fresh_database, _portal, guard, places, site
from tests.unit.portal.fakeguard import FakeGuard, answering
from tests.unit.portal.rest import Site
from tests.unit.portal.test_transports import USUAL
from tests.unit.portal.test_voice_network import STATE
from tests.unit.portal.test_web_access import web

__all__ = ["_fresh_database", "_portal", "guard", "process", "site", "web"]


@pytest.fixture(autouse=True)
def process(site: Site) -> Iterator[FakeGuard]:
    """The transports process, with an answer to everything that the portal asks it."""
    answers: dict[str, Any] = {verb: {"transports": USUAL} for verb in ("transports.show", "transports.change")}
    answers |= {f"certificates.{word}": {"certificates": {}} for word in ("show", "put", "drop")}
    answers |= {"network.show": STATE, "network.change": STATE, "phones.trust": {}}
    with answering(places.PATHS.transports_socket, answers) as fake:
        yield fake
