"""What counts of an SSH server's configuration (sshd_config(5); reference "Change the Default SSH Port")."""

from pathlib import Path

from ringfence.hosts.ssh import SshServer, ssh_server


def written(root: Path, text: str, **more: str) -> Path:
    folder = root / "etc" / "ssh"
    (folder / "sshd_config.d").mkdir(parents=True)
    (folder / "sshd_config").write_text(text)
    for name, content in more.items():
        (folder / "sshd_config.d" / f"{name}.conf").write_text(content)
    return root


def test_without_a_server_there_is_nothing(tmp_path: Path) -> None:
    assert ssh_server(tmp_path) == SshServer((), False, "no")


def test_without_a_word_the_usual_holds(tmp_path: Path) -> None:
    assert ssh_server(written(tmp_path, "# Port 2222\n")) == SshServer((22,), True, "prohibit-password")


def test_ports_add_up_and_the_first_of_other_words_counts(tmp_path: Path) -> None:
    text = (
        "Include /etc/ssh/sshd_config.d/*.conf\nPort 22\nport=10210\nPermitRootLogin yes\nPasswordAuthentication yes\n"
    )
    root = written(tmp_path, text, own="PasswordAuthentication no\nPort 22\n")
    assert ssh_server(root) == SshServer((22, 10210), False, "yes")


def test_what_holds_for_some_does_not_hold_for_all(tmp_path: Path) -> None:
    root = written(tmp_path, "PermitRootLogin no\nMatch User backup\nPasswordAuthentication no\nPort 99\n")
    assert ssh_server(root) == SshServer((22,), True, "no")
