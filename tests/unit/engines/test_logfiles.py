"""A log never grows without bound, and its writer never notices."""

import os
from pathlib import Path

from ringfence.engines.logfiles import bound_log, open_log


def test_a_large_log_is_cut_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "core.log"
    descriptor = open_log(log)
    os.write(descriptor, b"x" * 5000)
    assert bound_log(log, largest=1000)
    os.write(descriptor, b"next\n")
    os.close(descriptor)
    assert log.read_bytes() == b"next\n"
    assert (tmp_path / "core.log.1").stat().st_size == 1000


def test_a_small_or_missing_log_is_left_alone(tmp_path: Path) -> None:
    assert not bound_log(tmp_path / "none.log")
    os.close(open_log(tmp_path / "core.log"))
    assert not bound_log(tmp_path / "core.log")
