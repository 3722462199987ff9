"""Why TLS turned somebody away, out of what Kamailio writes down (issue 6: "client certificates where wanted")."""

import socket
import threading
from pathlib import Path

import pytest

from ringfence.cli import watch_tls
from ringfence.cli.refused_tls import told
from ringfence.cli.watch_tls import Tail, is_told, new_lines

REFUSED = "TLS accept:error:0A000086:SSL routines::certificate verify failed"
DISTRUSTED = "TLS accept:error:0A000418:SSL routines::tlsv1 alert unknown ca"


def written(process: int, *said: str) -> list[str]:
    return [f"{process}({5500 + process}) ERROR: tls [tls_server.c:1312]: tls_h_read_f(): {one}\n" for one in said]


def test_each_refusal_is_told_with_its_address_although_processes_write_at_once() -> None:
    first = written(9, f"{REFUSED} (sni: unknown)", "src addr: 192.0.2.5:5061", "dst addr: 192.0.2.1:5071")
    second = written(12, DISTRUSTED, "src addr: [2001:db8::5]:9", "dst addr: [2001:db8::1]:5061")
    mixed = [line for pair in zip(first, second, strict=True) for line in pair]
    shown = list(told(["noise\n", *mixed, *written(9, "protocol level error")]))
    assert shown[0].startswith("192.0.2.5 at port 5071: its certificate is not taken: of another authority")
    assert shown[1] == "2001:db8::5 at port 5061: it does not trust the certificate of this system"


def test_a_name_that_a_stranger_chose_writes_nothing_into_the_terminal() -> None:
    named = written(9, f"{DISTRUSTED} (sni: \x1b[2Jroot)", "src addr: 192.0.2.5:9", "dst addr: 192.0.2.1:5061")
    assert list(told(named)) == ["192.0.2.5 at port 5061: it does not trust the certificate of this system"]


def test_only_what_is_added_is_read_also_when_the_file_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "core.log"
    file.write_text("before\n")
    tail = Tail(file)
    with file.open("a") as end:
        end.write("one\ntw")
    assert tail.lines() == ["one"]
    with file.open("a") as end:
        end.write("o\n")
    assert tail.lines() == ["two"]
    file.write_text("new\n")
    assert tail.lines() == ["new"]
    file.unlink()
    assert tail.lines() == []


def test_strangers_do_not_fill_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_tls, "LARGEST", 10)
    file = tmp_path / "core.log"
    tail = Tail(file)
    file.write_text("a line\n" * 9)
    assert list(new_lines([tail], until=float("inf"))) == ["a line", "a line"]


def test_a_level_below_zero_arrives_as_such(tmp_path: Path) -> None:
    path, heard = tmp_path / "ctl", []
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()

        def answer() -> None:
            with door.accept()[0] as link:
                heard.append(link.recv(999))

        listening = threading.Thread(target=answer)
        listening.start()
        assert not is_told(path, -2)
        listening.join()
    assert heard[0].endswith(b"\x40\xff\xff\xff\xfe")
