"""What of the platform is prepared already, wherever the checkout lies (issue 2: `make run` on a new machine)."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STAGES = ("root", "packages", "packages-test", "venv", "venv-dev", "accounts")


def told(checkout: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "RINGFENCE_CHECKOUT": str(checkout),
        "RINGFENCE_PLATFORM_DIR": str(checkout / ".platform"),
    }
    words = ["bash", "-euo", "pipefail", "-c", f'. "$RINGFENCE_CHECKOUT/platform/stages.sh"; {command}']
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("name", ["plain", "Mein Ordner für Töne", "50%s & more"])
def test_a_stage_is_up_to_date_in_a_checkout_of_any_name(tmp_path: Path, name: str) -> None:
    """With a space in its path every stage was stale, and a platform that others use was built anew under them."""
    checkout = tmp_path / name
    for stage in ("platform", "src/ringfence/hosts"):
        shutil.copytree(ROOT / stage, checkout / stage, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("requirements*.lock"):
        shutil.copyfile(file, checkout / file.name)
    command = "".join(f"digest_of {stage}; " for stage in STAGES)
    here, there = told(ROOT, command), told(checkout, command)
    assert (there.returncode, there.stderr) == (0, "")
    assert there.stdout == here.stdout
    assert len(set(here.stdout.split())) == len(STAGES)


def test_a_root_that_somebody_lives_in_is_in_use(tmp_path: Path) -> None:
    """It was deleted under a system that ran in it."""
    if not (resident := os.fork()):
        os.chroot(tmp_path)
        signal.pause()
    try:
        assert told(ROOT, f"in_use {tmp_path}").returncode == 0
        assert told(ROOT, f"in_use {tmp_path / 'other'}").returncode == 1
    finally:
        os.kill(resident, signal.SIGKILL)
        os.waitpid(resident, 0)
