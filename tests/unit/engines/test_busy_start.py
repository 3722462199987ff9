"""A step of the start that works is not given up (issue 2: a start on a busy machine)."""

import subprocess
import sys
import time

import pytest

from ringfence.engines.supervision.privileges import run_as

WORKS = "import time; until = time.monotonic() + 1.2\nwhile time.monotonic() < until: pass\nprint('done')"
WAITS = "import time; time.sleep(5)"
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def test_one_that_works_gets_more_time() -> None:
    done = run_as("", [sys.executable, "-c", WORKS], ENVIRONMENT, 0.4, extensions=20)
    assert (done.returncode, done.stdout) == (0, "done\n")


@pytest.mark.parametrize(("program", "extensions"), [(WAITS, 5), (WORKS, 0)])
def test_one_that_waits_is_given_up_and_ended(program: str, extensions: int) -> None:
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_as("", [sys.executable, "-c", program], ENVIRONMENT, 0.8, extensions=extensions)
    assert time.monotonic() - began < 4
