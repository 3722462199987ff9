"""A portal with a database of its own for each test: migrated once, copied for every test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest

from tests.unit.portal.databases import database

ROOT = Path(tempfile.mkdtemp(prefix="ringfence-portal-"))
os.environ["RINGFENCE_STATE_DIR"] = str(ROOT / "state")
os.environ["RINGFENCE_RUN_DIR"] = str(ROOT / "run")
_open = ExitStack()
DATABASE = _open.enter_context(database(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "ringfence.portal.settings"

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402

from ringfence.portal import places  # noqa: E402
from ringfence.portal.audit import anchor, chain  # noqa: E402
from ringfence.portal.rest.rates import RATES  # noqa: E402
from tests.unit.portal.fakeguard import FakeGuard  # noqa: E402
from tests.unit.portal.rest import Rest, Site  # noqa: E402

_built: list[Site] = []
EMPTY, BUILT = "empty", "built"
BUILT_POLICY = ROOT / "built-policy"


@pytest.fixture(scope="session", autouse=True)
def _portal() -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["tests.unit.portal.hashing.QuickHasher"]
    setup_test_environment()
    (ROOT / "run").mkdir(parents=True)
    call_command("prepare", stdout=StringIO())
    _keep(EMPTY)
    fake = FakeGuard(places.GUARD_SOCKET)
    fake.start()
    _built.append(Site.build(fake))
    fake.stop()
    _keep(BUILT)
    shutil.copytree(places.POLICY, BUILT_POLICY)
    yield
    connections.close_all()
    teardown_test_environment()
    _open.close()
    shutil.rmtree(ROOT, ignore_errors=True)


def _keep(template: str) -> None:
    connections.close_all()
    DATABASE.keep(template)


def _restore(template: str) -> None:
    connections.close_all()
    DATABASE.restore(template)
    for name in (places.PORTAL / anchor.FILE_NAME, places.SECRETS / anchor.KEY_NAME):
        name.unlink(missing_ok=True)
    anchor.establish(chain.head())
    shutil.rmtree(places.POLICY, ignore_errors=True)


@pytest.fixture(autouse=True)
def _fresh_database() -> Iterator[None]:
    _restore(EMPTY)
    RATES.forget()
    yield
    connections.close_all()


@pytest.fixture
def guard() -> Iterator[FakeGuard]:
    fake = FakeGuard(places.GUARD_SOCKET)
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def rest() -> Rest:
    """REST without a token, on a system that is not set up."""
    return Rest()


@pytest.fixture
def site(guard: FakeGuard) -> Site:
    """A system with an administrator and two tenants, each with a tenant administrator and one more user."""
    _restore(BUILT)
    shutil.copytree(BUILT_POLICY, places.POLICY)
    return _built[0].copy(guard)
