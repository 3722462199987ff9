"""The portal's essential tests once more, on a private PostgreSQL (issue: "at most 300 ms on SQLite and PostgreSQL").

They are the same tests that `make check` runs on SQLite: signing in and its limits, isolation of tenants, the audit
chain with its triggers, long lists.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from ringfence.lab.postgresql import binaries

ROOT: Final = Path(__file__).parents[3]
ESSENTIAL: Final = ("test_sign_in.py", "test_isolation.py", "test_audit.py", "test_many_rows.py")
PATIENCE: Final = 600.0


def test_signing_in_isolation_audit_and_lists_work_on_postgresql() -> None:
    try:
        binaries()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "load"]
    done = subprocess.run(
        [*words, *(f"tests/unit/portal/{name}" for name in ESSENTIAL)],
        cwd=ROOT,
        env=os.environ | {"RINGFENCE_TEST_DATABASE": "postgresql"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
