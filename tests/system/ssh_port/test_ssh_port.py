"""Reference "Change the Default SSH Port", with a real sshd: the old port stays until a login over the new one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringfence.hosts.ssh import ssh_in_force
from ringfence.lab.network import Host, Lab
from ringfence.lab.product import within

pytestmark = pytest.mark.system
CONFIG = """\
Include {folder}/sshd_config.d/*.conf
Port 22
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication yes
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
"""
QUIET = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")


@dataclass(frozen=True, slots=True)
class Server:
    """An SSH server on a host of its own, and somebody with a key for it."""

    host: Host
    visitor: Host
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "sshd_config"

    def ringfence(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """The command on the host's console."""
        argv = [sys.executable, "-m", "ringfence.cli", "ssh-port", *words, "--config", str(self.config)]
        return self.host.run(*argv, timeout=120, check=False)

    def over(self, port: int, *words: str) -> "subprocess.CompletedProcess[str]":
        """The same in a session over this port; without words only whether one can sign in."""
        kept = ("RINGFENCE_STATE_DIR", "RINGFENCE_RUN_DIR", "PYTHONPATH")
        said = " ".join(f"{name}={os.environ[name]}" for name in kept)
        command = f"env {said} {sys.executable} -m ringfence.cli ssh-port {' '.join(words)} --config {self.config}"
        key = str(self.folder / "key")
        argv = ("ssh", "-p", str(port), "-i", key, *QUIET, "-o", "BatchMode=yes", f"root@{self.host.address}")
        return self.visitor.run(*argv, command if words else "true", timeout=120, check=False)

    def lets_in(self, port: int) -> bool:
        return self.over(port).returncode == 0


@pytest.fixture
def server(lab: Lab, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sshd")
    (folder / "sshd_config.d").mkdir()
    (folder / "sshd_config").write_text(CONFIG.format(folder=folder))
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "authorized_keys").write_text((folder / "key.pub").read_text())
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for name in ("state", "run"):
        monkeypatch.setenv(f"RINGFENCE_{name.upper()}_DIR", str(folder / name))
    monkeypatch.setenv("PYTHONPATH", "/opt/ringfence/src")
    made = Server(lab.host("sshd", 75), lab.host("visitor", 76), folder)
    process = made.host.start(["/usr/sbin/sshd", "-D", "-e", "-f", str(made.config)], stderr=subprocess.DEVNULL)
    try:
        within(20, lambda: made.lets_in(22), "sshd lets its administrator in")
        yield made
    finally:
        process.kill()
        process.wait(10)


def test_the_old_port_is_closed_only_after_a_login_over_the_new_one(server: Server) -> None:
    begun = server.ringfence("10210")
    assert begun.returncode == 0, begun.stderr
    assert server.lets_in(22)
    assert server.lets_in(10210)
    for refused, why in (
        (server.ringfence("--confirm"), "no SSH session"),
        (server.over(22, "--confirm"), "port 22"),
    ):
        assert refused.returncode == 1
        assert why in refused.stderr
    assert server.lets_in(22)
    kept = server.over(10210, "--confirm")
    assert (kept.returncode, "Closed: 22." in kept.stdout) == (0, True), kept.stderr
    assert not server.lets_in(22)
    assert server.lets_in(10210)
    assert ssh_in_force(str(server.config)).ports == (10210,)


def test_without_a_proof_everything_is_as_before(server: Server) -> None:
    before = server.config.read_text()
    assert server.ringfence("10211", "--minutes", "1").returncode == 0
    pending = server.folder / "state" / "ssh" / "pending.json"
    pending.write_text(pending.read_text().replace('"reverts_at": ', '"reverts_at": -'))
    within(30, lambda: not pending.exists(), "it is taken back")
    within(30, lambda: not server.lets_in(10211), "the new port is closed again")
    within(10, lambda: server.lets_in(22), "the old port is open again")
    assert server.config.read_text() == before
    assert server.ringfence("70000").returncode == 2


def test_a_configuration_that_sshd_refuses_changes_nothing(server: Server) -> None:
    """The files of others may be broken already: then nothing is begun."""
    (server.folder / "sshd_config.d" / "99-broken.conf").write_text("NoSuchWord yes\n")
    refused = server.ringfence("10213")
    assert refused.returncode == 1
    assert "NoSuchWord" in refused.stderr
    assert not (server.folder / "sshd_config.d" / "00-ringfence.conf").exists()
    assert server.lets_in(22)
