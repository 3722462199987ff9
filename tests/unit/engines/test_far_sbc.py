"""The files of a core and of an SBC on two hosts (issue 6): what listens where, and what runs."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from ringfence.engines.edge.sbc import render_sbc, render_sbc_tls
from ringfence.engines.free_ports import endpoints
from ringfence.engines.kamailio import render_core, render_tls
from ringfence.engines.supervision.children import (
    BANS_IN,
    BANS_OUT,
    FRONT_IN,
    FRONT_OUT,
    GUARD,
    SBC,
    SBC_MEDIA,
    WEB,
    children,
)
from ringfence.hosts.sbc import Sbc, read_sbc, write_sbc
from tests.unit.engines.systems import a_system

CORE_ADDRESS, SBC_ADDRESS = "192.0.2.1", "198.51.100.2"
CORE = replace(a_system(), sbc=Sbc(far=SBC_ADDRESS, here=CORE_ADDRESS))
EDGE = replace(a_system(), sbc=Sbc(enabled=True, core=CORE_ADDRESS, here=SBC_ADDRESS))


def test_the_core_believes_the_link_from_the_enrolled_host_alone() -> None:
    core = render_core(CORE)
    assert f"listen=tls:{CORE_ADDRESS}:5068" in core and "tls:127.0.0.1:5068" not in core
    assert f'$Rp == 5068 && proto == TLS && $si == "{SBC_ADDRESS}"' in core
    assert f'if ($Rp == 5068 && $si != "{SBC_ADDRESS}") {{\n        drop;' in core


def test_providers_are_not_shown_the_certificate_of_the_link() -> None:
    """The core calls them from the address of the link, and Kamailio chooses a client's section by that."""
    tls = render_tls(CORE)
    assert f"[server:{CORE_ADDRESS}:5068]" in tls
    assert "[client:192" not in tls and tls.count("[client:") == 1


def test_the_core_keeps_the_port_that_an_sbc_beside_it_would_take() -> None:
    ports = {one.port for one in endpoints(CORE, frozenset({"core", "web", BANS_OUT, FRONT_OUT}))}
    assert {5065, 5068, 5072, 5073, 5074} <= ports and not ports & {5066, 5067, 5069}


def test_the_sbcs_host_runs_nothing_else() -> None:
    assert [child.name for child in children(EDGE)] == [GUARD, SBC_MEDIA, SBC, BANS_IN, WEB, FRONT_IN]
    names = {child.name for child in children(CORE)}
    assert {BANS_OUT, FRONT_OUT} <= names and not names & {SBC, SBC_MEDIA, BANS_IN, FRONT_IN}


def test_the_sbc_opens_its_link_from_the_socket_that_stands_first() -> None:
    """Kamailio counts what it opened itself to the first socket of that address: a phone's socket must not be it."""
    sbc = render_sbc(EDGE, "0" * 32)
    first = next(line for line in sbc.splitlines() if line.startswith("listen="))
    assert first == f"listen=tls:{SBC_ADDRESS}:5069"
    assert f'"sip:{CORE_ADDRESS}:5068"' in sbc and "media-address=" in sbc
    assert f"[client:{SBC_ADDRESS}:0]" in render_sbc_tls(EDGE)


def test_every_process_knows_both_ends() -> None:
    told = dict(next(child for child in children(CORE) if child.name == "core").environment)
    assert (told["RINGFENCE_LINK"], told["RINGFENCE_SBC"]) == (CORE_ADDRESS, SBC_ADDRESS)
    apart = replace(a_system(), sbc=Sbc(far="2001:db8::2", here="2001:db8::1"))
    told = dict(next(child for child in children(apart) if child.name == "core").environment)
    assert told["RINGFENCE_SBC"] == f"[{ip_address('2001:db8::2')}]"


@pytest.mark.parametrize("wrong", [{"far": "elsewhere", "here": CORE_ADDRESS}, {"far": SBC_ADDRESS}, {"core": 7}])
def test_what_names_no_two_addresses_is_no_link(tmp_path: Path, wrong: dict[str, object]) -> None:
    file = tmp_path / "sbc.json"
    write_sbc(file, CORE.sbc)
    assert read_sbc(file) == CORE.sbc
    file.write_text(str(wrong).replace("'", '"'))
    assert not read_sbc(file).has_link
