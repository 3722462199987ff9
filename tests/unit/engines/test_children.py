"""What each process may do, and that the supervisor's successor reads the same list."""

from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.childlist import read_children, write_children
from ringfence.engines.supervision.children import base_environment, children
from ringfence.engines.supervision.privileges import dropping
from ringfence.engines.system import may_change_firewall
from ringfence.hosts.sbc import Sbc
from tests.unit.engines.systems import a_system


def by_name(*, firewall: bool = True, sbc: bool = False) -> dict[str, Child]:
    system = replace(a_system(), firewall=firewall, sbc=Sbc(sbc))
    return {child.name: child for child in children(system, {})}


def test_no_child_runs_as_root() -> None:
    assert all(child.account.startswith("ringfence-") for child in by_name().values())


def test_each_right_is_given_to_those_who_need_it() -> None:
    """The guard changes the firewall, the inspector lists it and reads what root reads."""
    assert {name: child.capabilities for name, child in by_name().items() if child.capabilities} == {
        "guard": ("net_admin",),
        "web": ("net_bind_service",),
        "access": ("net_bind_service",),
        "backups": ("dac_read_search",),
        "inspector": ("dac_read_search", "sys_ptrace", "sys_chroot", "net_admin"),
    }


def test_without_the_right_the_guard_is_told_so() -> None:
    guard = by_name(firewall=False)["guard"]
    assert guard.capabilities == ()
    assert guard.argv[-1] == "--no-firewall"


def test_whoever_starts_a_kamailio_names_its_openssl_settings_and_nobody_else() -> None:
    """ADR 57."""
    told = {name: dict(child.environment).get("OPENSSL_CONF") for name, child in by_name(sbc=True).items()}
    named = {path for path in told.values() if path}
    assert {name for name, path in told.items() if path} == {"core", "sbc", "transports"}
    assert all("NumTickets = 0" in Path(path).read_text() for path in named)


def test_the_list_survives_the_file(tmp_path: Path) -> None:
    wanted = children(a_system(), {"RINGFENCE_X": 'a "quoted"\nvalue'})
    write_children(tmp_path / "children.json", wanted)
    assert read_children(tmp_path / "children.json") == wanted
    assert (tmp_path / "children.json").stat().st_mode & 0o777 == 0o600


def test_the_databases_address_reaches_the_portal_only() -> None:
    environment = {"RINGFENCE_DATABASE_URL": "postgres://secret"}
    knowing = {
        child.name
        for child in children(a_system(), environment)
        if "postgres://secret" in dict(child.environment).values()
    }
    assert knowing == {"portal", "ingest", "wsi", "notices", "mailroom", "backups"}
    assert "RINGFENCE_DATABASE_URL" not in base_environment(a_system(), environment)


def test_dropping_leaves_no_capability_and_no_way_back() -> None:
    argv = dropping(["kamailio"], "ringfence-sip", open_files=64)
    assert argv[argv.index("setpriv") :] == (
        "setpriv", "--reuid=ringfence-sip", "--regid=ringfence-sip", "--init-groups", "--no-new-privs",
        "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--", "kamailio",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bounding", "permitted", "may"),
    [("0000000000001000", "0000000000001000", True), ("0", "1000", False), ("1000", "0", False)],
)
def test_the_right_to_the_firewall_needs_both_sets(bounding: str, permitted: str, may: bool) -> None:
    assert may_change_firewall(f"Name:\tx\nCapBnd:\t{bounding}\nCapPrm:\t{permitted}\n") is may
