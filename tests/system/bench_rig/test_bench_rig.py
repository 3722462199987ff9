"""The system that `make bench` measures starts and answers (docs/performance.md)."""

import tempfile
from pathlib import Path

from bench.rig.network import laid_out
from bench.systems.ringfence import install, ringfence
from bench.systems.stock import answers


def test_the_measured_system_starts_and_answers() -> None:
    """Not below pytest's own folder: the accounts of guard and core may not enter that."""
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-", dir="/var/tmp") as folder, laid_out() as net:
        Path(folder).chmod(0o755)
        ready = install(Path(folder) / "ours", extensions=10)
        with ringfence(net, ready):
            assert answers(net)
