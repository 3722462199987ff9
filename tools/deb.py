"""Builds the Debian package: `make deb`.

It holds the code, its locked Python packages and the unit; Debian's packages of the engines are what it depends on.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from ringfence import __version__

ROOT: Final = Path(__file__).parents[1]
DEPLOY: Final = ROOT / "deploy"
HOME: Final = Path("opt/ringfence")
VENV: Final = HOME / ".platform" / "venv"
PACKAGES: Final = VENV / "lib" / "python3.13" / "site-packages"
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_SCRIPTS: Final = ("postinst", "prerm", "postrm")
_EXECUTABLE, _PLAIN = 0o755, 0o644


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ringfence-deb-") as folder:
        root = Path(folder) / "root"
        lay_out(root)
        install_packages(root)
        package = build(root, target)
    print(package)
    return 0


def build(root: Path, target: Path) -> Path:
    """The package of what was laid out."""
    make_venv(root)
    write_control(root)
    package = target / f"ringfence_{__version__}_{architecture()}.deb"
    _run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z3", "--build", str(root), str(package))
    return package


def lay_out(root: Path) -> None:
    """Code, unit, command, rotation of logs and a limit of the kernel."""
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc", "lab")
    shutil.copytree(ROOT / "src", root / HOME / "src", ignore=skipped)
    _put(ROOT / "README.md", root / HOME / "README.md", _PLAIN)
    _put(DEPLOY / "debian" / "ringfence", root / "usr/bin/ringfence", _EXECUTABLE)
    for unit in (DEPLOY / "systemd").glob("*.service"):
        _put(unit, root / "usr/lib/systemd/system" / unit.name, _PLAIN)
    _put(DEPLOY / "sysctl.conf", root / "usr/lib/sysctl.d/60-ringfence.conf", _PLAIN)
    _put(DEPLOY / "logrotate", root / "etc/logrotate.d/ringfence", _PLAIN)


def install_packages(root: Path) -> None:
    """What requirements.lock names, with its digests checked; nothing is built when the package is installed."""
    packages = root / PACKAGES
    pip = next(Path("/usr/share/python-wheels").glob("pip-*.whl"))
    _run(
        sys.executable, f"{pip}/pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:",
        "--target", str(packages), "--requirement", str(ROOT / "requirements.lock"),
    )  # fmt: skip
    shutil.rmtree(packages / "bin", ignore_errors=True)


def make_venv(root: Path) -> None:
    """Debian's Python, which finds the code and those packages."""
    (root / PACKAGES).mkdir(parents=True, exist_ok=True)
    (root / PACKAGES / "ringfence.pth").write_text(f"/{HOME}/src\n", encoding="utf-8")
    (root / VENV / "bin").mkdir()
    (root / VENV / "bin" / "python").symlink_to("/usr/bin/python3")
    (root / VENV / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = true\n", encoding="utf-8")


def write_control(root: Path) -> None:
    """What dpkg reads, and what it runs."""
    folder = root / "DEBIAN"
    folder.mkdir()
    size = sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir()) // 1024
    text = (DEPLOY / "debian" / "control").read_text(encoding="utf-8")
    filled = text.format(version=__version__, architecture=architecture(), depends=", ".join(depends()), kilobytes=size)
    (folder / "control").write_text(filled, encoding="utf-8")
    (folder / "conffiles").write_text("/etc/logrotate.d/ringfence\n", encoding="utf-8")
    for name in _SCRIPTS:
        _put(DEPLOY / "debian" / name, folder / name, _EXECUTABLE)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(_EXECUTABLE if path.is_dir() or os.access(path, os.X_OK) else _PLAIN)


def depends() -> list[str]:
    """The Debian packages of the platform, from the one list."""
    lines = (ROOT / "platform" / "packages.txt").read_text(encoding="utf-8").splitlines()
    return [*(line.strip() for line in lines if line.strip() and not line.startswith("#")), "passwd"]


def architecture() -> str:
    return ARCHITECTURES[platform.machine()]


def _put(source: Path, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
