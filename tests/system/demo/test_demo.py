"""`ringfence demo` from beginning to end, in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HOMES = Path("/tmp")
DEMO = [sys.executable, "-m", "ringfence.cli", "demo"]


def test_the_demo_takes_less_than_a_minute_and_leaves_nothing(tmp_path: Path) -> None:
    begun = time.monotonic()
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        told, _ = process.communicate(timeout=90)
    assert process.returncode == 0, told
    assert time.monotonic() - begun < 60
    for fact in ("in the kernel's ban set", "not found", "longest hole", "the ban is lifted", "no file is left"):
        assert fact in told
    assert _left_by(process.pid) == []


def test_a_killed_demo_is_cleaned_up_by_the_next_start() -> None:
    """SIGKILL in the middle: phones end with it; the next lab stops the orphaned system and removes its files."""
    with subprocess.Popen(DEMO, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0) as process:
        _wait_for_supervisor(process.pid)
        os.kill(process.pid, signal.SIGKILL)
    cleaner = (
        "from ringfence.lab.network import Lab; from ringfence.lab.product import make_home\n"
        "make_home('next').rmdir()\nLab().__enter__().close()"
    )
    subprocess.run([sys.executable, "-c", cleaner], check=True, timeout=60)
    assert _left_by(process.pid) == []
    assert _processes_of(process.pid) == []


def _wait_for_supervisor(owner: int) -> None:
    deadline = time.monotonic() + 30
    while not [home for home in HOMES.glob(f"rf-{owner}-*") if (home / "run" / "guard.sock").exists()]:
        assert time.monotonic() < deadline, "the demo's system did not start"
        time.sleep(0.1)


def _left_by(owner: int) -> list[str]:
    """Files, and namespaces that this process can see."""
    names = Path("/run/netns").glob(f"rf-{owner}-*") if Path("/run/netns").is_dir() else []
    return [str(path) for path in (*HOMES.glob(f"rf-{owner}-*"), *names)]


def _processes_of(owner: int) -> list[str]:
    """Command lines and environments that name the demo's directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"/tmp/rf-{owner}-".encode() in path.read_bytes():
                found.append((path.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
