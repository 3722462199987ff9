"""Certificates carried to an SBC on another host (issue 6, docs/adr/0064): what is told, and what is taken of it."""

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringfence.engines.certificates.pairs import Origin, in_force, make_current, store_pair
from ringfence.engines.edge import link, sbcfront
from ringfence.engines.edge.farlink import complete_sides, stop_being_sbc
from ringfence.engines.edge.link import Shown, bans_side, put_side, web_side
from ringfence.engines.edge.sbcfront import Front, front_in_force
from ringfence.engines.install import EngineRefused
from ringfence.engines.listeners import WebAccess, read_web_access, write_web_access
from ringfence.engines.system import System
from ringfence.farsbc import carried as carrying
from ringfence.farsbc import frontin, frontout
from ringfence.farsbc.carried import Carried, carried
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc
from ringfence.hosts.transports import ClientCertificates
from tests.unit.engines.systems import a_system

FRONT = Front({"acme.example": ("chain", "key")}, "authority", "list", ClientCertificates.REQUIRED)


def folders(tmp_path: Path) -> Paths:
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    for folder in (paths.sbc_front, paths.sbc_tls_config.parent, paths.nginx, paths.tls, paths.web_access.parent):
        folder.mkdir(parents=True)
    make_current(paths, store_pair(paths, Origin.OWN, b"own chain", b"own key"))
    return paths


class Engines:
    """What the SBC's host has: it takes what it is given, or refuses."""

    def __init__(self) -> None:
        self.takes = True
        self.log: list[str] = []

    def note(self, name: str) -> Any:
        def noted(*_: object) -> bool:
            self.log.append(name)
            return self.takes

        return noted


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Engines:
    found = Engines()
    monkeypatch.setattr(frontin, "sbc_takes_over", found.note("reload"))
    monkeypatch.setattr(frontin, "begin_sbc_anew", found.note("anew"))
    monkeypatch.setattr(frontin, "have_nginx_read", found.note("nginx"))
    real = frontin.web_file
    monkeypatch.setattr(frontin, "web_file", lambda system, account: replace(real(system, account), check=lambda _: ""))
    return found


@pytest.fixture
def edge(tmp_path: Path, engines: Engines) -> System:
    sbc = Sbc(enabled=True, core="192.0.2.1", here="198.51.100.2")
    return replace(a_system(), paths=folders(tmp_path), sbc=sbc)


def test_a_certificate_that_somebody_brought_is_carried_and_a_hosts_own_is_not(tmp_path: Path) -> None:
    paths = folders(tmp_path)
    write_web_access(paths.web_access, WebAccess(hsts=True, sbc_provisioning_http=True))
    assert carried(paths) == Carried(Front(), None, False, True)
    make_current(paths, store_pair(paths, Origin.BROUGHT, b"brought", b"its key"))
    assert carried(paths) == Carried(Front(), ("brought", "its key"), True, True)
    assert Carried.from_plain(carried(paths).plain()) == carried(paths)


def test_all_of_it_is_in_force_and_once_only(edge: System, engines: Engines) -> None:
    told = Carried(FRONT, ("brought", "its key"), True, True)
    frontin.take(edge, told)
    assert front_in_force(edge.paths) == FRONT
    assert in_force(edge.paths).startswith(Origin.BROUGHT) and read_web_access(edge.paths).sbc_provisioning_http
    assert "acme.example" in edge.paths.sbc_tls_config.read_text()
    nginx = edge.paths.nginx_config.read_text()
    assert in_force(edge.paths) in nginx and "listen 8882" in nginx and "max-age=31536000" in nginx
    assert engines.log == ["reload", "anew", "nginx"]
    frontin.take(edge, told)
    assert len(engines.log) == 3
    frontin.take(edge, replace(told, pair=("another", "its key")))
    assert engines.log[3:] == ["reload", "nginx"], "the SBC reads the same file anew"


def test_what_the_sbc_refuses_is_not_shown(edge: System, engines: Engines) -> None:
    frontin.take(edge, Carried(Front({"acme.example": ("chain", "key")})))
    engines.takes = False
    with pytest.raises(EngineRefused):
        frontin.take(edge, Carried(FRONT))
    assert front_in_force(edge.paths).clients is ClientCertificates.NONE
    assert "require_certificate = yes" not in edge.paths.sbc_tls_config.read_text().split("[server:198")[0]


@pytest.mark.parametrize("wrong", [{"pair": ["one"]}, {"front": None}, {"front": {"pairs": {"..": ["a", "b"]}}}])
def test_what_is_no_sentence_changes_nothing(edge: System, wrong: dict[str, Any]) -> None:
    line = json.dumps({**Carried(FRONT).plain(), **wrong}).encode() + b"\n"

    async def hear() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"{}\n" + line)
        await frontin.hear(edge, reader)

    with pytest.raises(frontin.NONSENSE):
        asyncio.run(hear())
    assert front_in_force(edge.paths) == Front()


def test_it_is_told_once_and_again_when_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [Carried(Front()), Carried(Front()), Carried(FRONT)]
    monkeypatch.setattr(frontout, "HEARTBEAT", 0.0)
    monkeypatch.setattr(frontout, "carried", lambda _: said.pop(0) if len(said) > 1 else said[0])

    async def listen() -> list[Any]:
        near, far = socket.socketpair()
        _, writer = await asyncio.open_connection(sock=near)
        reader, other = await asyncio.open_connection(sock=far)
        telling = asyncio.create_task(frontout.tell(Paths(state=tmp_path), writer))
        lines = [json.loads(await reader.readline()) for _ in range(4)]
        telling.cancel()
        writer.close()
        other.close()
        return lines

    first, silent, changed, after = asyncio.run(listen())
    assert Carried.from_plain(first).front == Front() and Carried.from_plain(changed).front == FRONT
    assert silent == after == {}
    assert carrying.SILENCE > 2 * carrying.HEARTBEAT


def test_a_host_that_was_enrolled_before_gets_what_its_web_server_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or its web server would not start any more."""
    monkeypatch.setattr(link.shutil, "chown", lambda *_args, **_named: None)
    paths, sbc = Paths(state=tmp_path), Sbc(far="198.51.100.2", here="192.0.2.1")
    for side in (bans_side(paths.link), web_side(paths.link)):
        side.folder.mkdir(parents=True)
    complete_sides(paths, sbc)
    assert not web_side(paths.link).key.exists()
    put_side(bans_side(paths.link), Shown(b"authority", b"certificate", b"key"), "")
    complete_sides(paths, Sbc())
    assert not web_side(paths.link).key.exists()
    complete_sides(paths, sbc)
    assert web_side(paths.link).key.read_bytes() == b"key"


def test_whoever_is_no_sbc_any_more_forgets_the_keys_that_came(tmp_path: Path) -> None:
    paths = folders(tmp_path)
    make_current(paths, store_pair(paths, Origin.BROUGHT, b"brought", b"its key"))
    sbcfront.put_front(paths, FRONT)
    stop_being_sbc(paths)
    assert not list(paths.sbc_front.iterdir())
    assert not [path for path in paths.tls.rglob("*.key") if path.read_bytes() == b"its key"]
