"""The portal of the unit tests, for tests that send more than a quick check can bear."""

from tests.unit.portal.conftest import _fresh_database, _portal, guard, site
from tests.unit.portal.test_transports import process
from tests.unit.portal.test_web_access import web

__all__ = ["_fresh_database", "_portal", "guard", "process", "site", "web"]
