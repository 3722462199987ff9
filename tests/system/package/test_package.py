"""The Debian package (issue "hardening", 8): dpkg installs it, all is root's, and a purge leaves nothing behind."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools import deb

pytestmark = pytest.mark.system
NO_OVERLAY = 77
INSIDE = Path(__file__).parent / "inside.sh"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What was said at each step."""
    folder = tmp_path_factory.mktemp("package")
    deb.lay_out(folder / "root")
    package = deb.build(folder / "root", folder)
    (folder / "mounts").mkdir()
    words = ["unshare", "--mount", "--propagation", "unchanged", "bash", str(INSIDE), str(package)]
    words += [str(folder / "mounts"), sysconfig.get_path("purelib")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    if done.returncode == NO_OVERLAY:
        pytest.skip("this machine has no overlay file system")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    steps = [part.splitlines() for part in done.stdout.split("== ")[1:]]
    return {lines[0]: lines[1:] for lines in steps}


def test_dpkg_installs_it_with_its_accounts_and_nothing_that_others_may_write(told: dict[str, list[str]]) -> None:
    """Its dependencies are those of the platform. No file is anybody else's than root's, none has a set-id bit."""
    assert told["status"] == ["install ok installed"]
    assert told["verify"] == []
    accounts = [line.split(":") for line in told["accounts"]]
    assert {"ringfence-sip", "ringfence-guard", "ringfence-portal", "ringfence-web"} <= {line[0] for line in accounts}
    assert {line[-1] for line in accounts} == {"/usr/sbin/nologin"}
    assert told["loose"] == []


def test_systemd_takes_the_unit_and_the_command_runs_without_the_lab(told: dict[str, list[str]]) -> None:
    """The package leaves out attackers and phones of the lab; the command needs none of them."""
    assert told["unit"] == []
    text = "\n".join(told["help"])
    assert "firewall" in text and "up" in text
    assert "demo" not in text


def test_a_purge_leaves_nothing(told: dict[str, list[str]]) -> None:
    assert not [line for line in told["purge"] if "not empty" in line]
    assert told["left"] == []


def test_only_the_parts_that_run_elsewhere_are_left_out(tmp_path: Path) -> None:
    """Every module of the product is in the package, and none of the lab."""
    deb.lay_out(tmp_path)
    laid = {path.relative_to(tmp_path / deb.HOME / "src") for path in (tmp_path / deb.HOME / "src").rglob("*.py")}
    source = {path.relative_to(deb.ROOT / "src") for path in (deb.ROOT / "src").rglob("*.py")}
    assert {path.parts[1] for path in source - laid} == {"lab"}
    assert sys.version_info[:2] == (3, 13), "the package's paths name it"
