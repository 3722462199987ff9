"""Whose certificates providers may have: the host's authorities, looked up where they lie, or a list in their place
(reference: "Trunk Security"; docs/adr/0041)."""

from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.engines.changing import transports
from ringfence.engines.files import AUTHORITIES_OF_HOST, tls_file
from ringfence.engines.system import System
from ringfence.hosts.paths import Paths
from tests.unit.engines.systems import a_system


@pytest.fixture
def system(tmp_path: Path) -> System:
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    for folder in (paths.tls, paths.core, paths.transports.parent):
        folder.mkdir(parents=True)
    return replace(a_system(), paths=paths)


def of_providers(system: System) -> str:
    return tls_file(system, account="").text.split("[client:default]")[1]


def pin(system: System) -> None:
    system.paths.authorities.unlink()
    system.paths.authorities.write_text("another list")


def test_the_hosts_are_looked_up_and_not_kept_by_every_process(system: System) -> None:
    section = of_providers(system)
    assert f"ca_path = {AUTHORITIES_OF_HOST.parent}" in section and "ca_list" not in section
    assert "verify_certificate = yes" in section and "require_certificate = yes" in section


def test_a_list_in_their_place_is_the_only_one(system: System) -> None:
    of_providers(system)
    pin(system)
    section = of_providers(system)
    assert f"ca_list = {system.paths.authorities}" in section and "ca_path" not in section


def test_a_link_to_another_list_is_no_link_to_the_hosts(system: System) -> None:
    system.paths.authorities.symlink_to("/elsewhere.pem")
    assert "ca_path" not in of_providers(system)


def test_another_list_is_taken_over_by_itself(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[System] = []

    def takes(one: System) -> bool:
        asked.append(one)
        return True

    monkeypatch.setattr(transports, "take_over", takes)
    assert transports.taken_anew(system)
    before = transports._followed(system.paths)
    pin(system)
    assert transports._followed(system.paths) != before
    assert transports.taken_anew(system)
    assert f"ca_list = {system.paths.authorities}" in system.paths.core_tls_config.read_text()
    assert transports.taken_anew(system), "another certificate behind the same names is read anew too"
    assert len(asked) == 3


def test_an_engine_that_refuses_is_asked_again(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "take_over", lambda _: False)
    assert not transports.taken_anew(system)
