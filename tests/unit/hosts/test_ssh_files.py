"""Changes to sshd's files: what adds up is closed where it stands, and everything can be taken back byte by byte."""

from pathlib import Path

import pytest

from ringfence.hosts.ssh import server_of, ssh_server
from ringfence.hosts.sshfiles import CLOSED, SshFiles, SshRefused, Wanted
from ringfence.hosts.sshport import Move, Session, read_connection, refuse_unproved, session_of

MAIN = "Include /etc/ssh/sshd_config.d/*.conf\nPort 22\nPermitRootLogin yes\nPasswordAuthentication yes\n"
PART = "Port 2222\nX11Forwarding no\n"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    folder = tmp_path / "etc" / "ssh"
    (folder / "sshd_config.d").mkdir(parents=True)
    (folder / "sshd_config.d" / "50-cloud.conf").write_text(PART)
    (folder / "sshd_config").write_text(MAIN.replace("/etc/ssh/", ""))
    return folder / "sshd_config"


def root_of(main: Path) -> Path:
    return main.parents[2]


def test_both_ports_are_open_and_then_only_the_new_one(main: Path) -> None:
    """Reference "Change the Default SSH Port"."""
    files = SshFiles(main)
    files.write(Wanted((10210, 22)))
    assert ssh_server(root_of(main)).ports == (10210, 22)
    assert CLOSED + "Port 22" in main.read_text()
    SshFiles(main).write(Wanted((10210,)))
    assert ssh_server(root_of(main)).ports == (10210,)


def test_our_words_come_before_those_of_others(main: Path) -> None:
    SshFiles(main).write(Wanted(None, keys_only=True, no_root=True))
    found = ssh_server(root_of(main))
    assert (found.ports, found.password_login, found.root_login) == ((2222, 22), False, "no")


def test_everything_is_taken_back_as_it_was(main: Path) -> None:
    before = {path: path.read_text() for path in root_of(main).rglob("*") if path.is_file()}
    files = SshFiles(main)
    files.write(Wanted((10210,), keys_only=True))
    assert {path: path.read_text() for path in root_of(main).rglob("*") if path.is_file()} != before
    files.take_back()
    assert {path: path.read_text() for path in root_of(main).rglob("*") if path.is_file()} == before


def test_a_main_file_that_includes_nothing_learns_to(main: Path) -> None:
    main.write_text("Port 22\nMatch User backup\nInclude sshd_config.d/*.conf\n")
    SshFiles(main).write(Wanted((10210,)))
    assert main.read_text().startswith(f"Include {main.parent}/sshd_config.d/*.conf\n")
    assert server_of([("port", "1"), ("match", "User x")]).ports == (1,)


@pytest.mark.parametrize(
    ("session", "why"),
    [
        (None, "no SSH session"),
        (Session("192.0.2.7", 50_000, 22), "came over port 22"),
        (Session("192.0.2.7", 40_000, 10210), "the session that began"),
    ],
)
def test_only_a_new_session_over_the_new_port_is_a_proof(session: Session | None, why: str) -> None:
    move = Move(Wanted((10210,)), (22,), 0.0, {}, Session("192.0.2.7", 40_000, 10210))
    with pytest.raises(SshRefused, match=why):
        refuse_unproved(move, session)
    refuse_unproved(move, Session("192.0.2.7", 50_000, 10210))


def test_the_session_is_read_from_the_environment() -> None:
    assert session_of({"SSH_CONNECTION": "192.0.2.7 50022 198.51.100.1 10210"}) == Session("192.0.2.7", 50_022, 10_210)
    assert session_of({}, pid=0) is None
    assert read_connection("nonsense") is None
    assert read_connection("a b c d") is None
