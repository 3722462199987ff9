"""The README names the ports, verbs and directories that exist."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.cli.app import GROUPS, VERBS
from ringfence.engines.free_ports import endpoints
from ringfence.engines.supervision.children import CORE, MEDIA, SBC, SBC_MEDIA, WEB
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.hosts.sbc import Sbc
from tests.unit.engines.systems import a_system

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[3]
PATH_IN_CHECKLIST = re.compile(r"`([\w.]+/[\w./]*)`")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    lines = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]


def listens(service: ports.Service) -> str:
    """The media range is in no list of endpoints: rtpengine passes over taken ports."""
    if service.part is ports.Part.HOST:
        return "the host's own"
    place = (service.first, service.transport)
    if service == ports.RTP or place in heard(a_system()):
        return "yes"
    with_sbc = heard(replace(a_system(), sbc=Sbc(enabled=True)))
    return "with the SBC" if service == ports.SBC_RTP or place in with_sbc else "no"


def heard(system: System) -> set[tuple[int, ports.Transport]]:
    parts = frozenset({CORE, MEDIA, WEB, SBC, SBC_MEDIA})
    wanted = endpoints(system, parts if system.sbc.enabled else parts - {SBC, SBC_MEDIA})
    return {(endpoint.port, endpoint.transport) for endpoint in wanted}


def test_the_port_table_is_the_one_in_code() -> None:
    wanted = [[item.ports, item.transport.value, item.description, listens(item)] for item in ports.TABLE]
    assert rows("Ports")[2:] == wanted


def test_every_verb_is_named() -> None:
    named = {cell[0].strip("`").split(" ")[0] for cell in rows("The command line")}
    assert {name for name, _ in (*VERBS, *GROUPS)} <= named


def test_every_part_of_the_package_is_named() -> None:
    parts = [path.parent.name for path in (ROOT / "src" / "ringfence").glob("*/__init__.py")]
    assert [part for part in parts if f"`src/ringfence/{part}/`" not in README] == []


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        targets = [piece.partition(")")[0] for piece in page.read_text(encoding="utf-8").split("](")[1:]]
        local = [target.partition("#")[0] for target in targets if not target.startswith("http")]
        assert [target for target in local if not (page.parent / target).exists()] == [], page


def test_the_checklist_names_code_and_tests_that_exist() -> None:
    named = PATH_IN_CHECKLIST.findall((ROOT / "docs" / "reference-checklist.md").read_text(encoding="utf-8"))
    tops = (ROOT, ROOT / "src" / "ringfence", ROOT / "tests")
    assert len(named) > 40
    assert [name for name in named if not any((top / name).exists() for top in tops)] == []
