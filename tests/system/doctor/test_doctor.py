"""Issue "doctor", how it is judged: a system with planted weaknesses is named in all of them, a hardened one in none;
nmap from another namespace sees exactly the plan, before and after a port was changed."""

import json
import re
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from tests.system.doctor.conftest import Patient, second_factor
from tests.unit.engines.authority import HOST, authority, server

pytestmark = pytest.mark.system
OF_THIS_MACHINE: Final = {"host.clock", "host.disk", "host.sip_helper", "host.engines", "host.engines_held"}
"""What no test can plant or mend: the kernel's clock and modules, the disk, and the installed packages."""

OFFICE: Final = "10.77.0.0/24"
DAY: Final = 86_400
BOSS: Final = {"username": "100@acme.example", "password": "Lantern-Orbit-72x"}
CHOSEN: Final = "Harbour-Violet-58q"
WEAK: Final = {
    "web_login_enabled": False, "web_change_first_password": True, "web_session_lifetime": 30 * DAY,
    "web_audit_retention": 5, "level_1_enabled": False, "failed_authentication_limit": 5_000,
    "blocked_user_agents_enabled": False,
}  # fmt: skip
SCANNED: Final = "1-9000,10210,10443,15000-15100"


def examined(patient: Patient) -> dict[str, list[str]]:
    """The evidence of each finding, as the command says."""
    done = patient.product.command("doctor", "--json", timeout=120)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["unasked"] == []
    return {finding["id"]: finding["evidence"] for finding in told["findings"]}


def plant(patient: Patient) -> dict[str, Any]:
    """Over REST what REST can do, on the host what the host can do. The numbers of what was made."""
    rest, product = patient.rest, patient.product
    tenant = product.create_tenant("Acme", "acme.example")
    boss = rest.post("users", tenant_id=tenant["id"], extension="100", display_name="Boss", role="Admin",
                     password=BOSS["password"])  # fmt: skip
    user = product.create_user(tenant, "101")
    rest.post(f"users/{user['id']}/sip-secret", sip_secret="Tulip-River-Candle9")
    rest.patch("settings/security", **WEAK)
    rest.patch(f"password-policy?tenant_id={tenant['id']}", common=False, sequence=False)
    rest.patch("settings/web-access", redirect_80=True, provisioning_http=True)
    entry = rest.post("ip-filters", cidr="11.0.0.0/8", target="allow")
    trunk = rest.post("trunks", name="Carrier", kind="address", sources=[{"cidr": "203.0.113.0/24", "port": 0}])
    rest.post("budgets", owner="tenant", enabled=False)
    rest.patch(f"tenants/{tenant['id']}/media", encryption="off")
    rest.patch(f"tenants/{tenant['id']}/number-plan", country="DE", permitted=["premium"])
    routes = [{"trunk_id": trunk["id"]}]
    abroad = {"name": "Abroad", "order": 10, "routes": routes, "reaches": ["international"]}
    rule = rest.post("outbound-rules", tenant_id=tenant["id"], **abroad)
    key = product.paths.secrets / "seal.key"
    key.chmod(key.stat().st_mode | stat.S_IROTH)
    return {"tenant": tenant, "boss": boss, "user": user, "entry": entry, "trunk": trunk, "rule": rule}


PLANTED: Final = {
    "people.administrators_second_factor", "people.well_known_name", "people.second_factor_not_required",
    "people.password_rules", "people.common_passwords", "people.login_protection", "people.first_password_unchanged",
    "people.sessions", "people.weak_secrets", "sip.default_ports", "sip.plain", "hacking.protections_off",
    "hacking.thresholds", "hacking.user_agents", "hacking.wide_allow_entries", "hacking.audit_kept", "web.redirects",
    "web.plain_http", "web.certificate_self_signed", "web.open_administration", "web.exposed_portal",
    "trunks.open_addresses", "trunks.concurrent_calls", "trunks.plain", "calls.tenant_limits", "calls.budgets",
    "calls.media_plain", "calls.rules_abroad", "calls.rules_hours", "calls.costly_numbers", "host.ssh_port",
    "host.ssh_passwords", "host.ssh_root", "host.firewall", "host.readable_secrets", "host.backup",
    "cloud.address_not_static",
}  # fmt: skip


def mend(patient: Patient, made: dict[str, Any]) -> None:
    """By `--fix` what has a fix, and by hand the rest."""
    rest, product, tenant = patient.rest, patient.product, made["tenant"]["id"]
    for check in ("people.second_factor_not_required", "people.password_rules", "people.login_protection",
                  "people.sessions", "hacking.protections_off", "hacking.thresholds", "hacking.user_agents",
                  "hacking.audit_kept", "web.redirects", "web.plain_http"):  # fmt: skip
        rest.post(f"doctor/fixes/{check}")
    done = product.command("doctor", "--fix", "host.readable_secrets", timeout=60)
    assert done.returncode == 0, done.stderr
    rest.post("auth/password", **BOSS, new_password=CHOSEN)
    for username in ("admin", BOSS["username"]):
        second_factor(product, username)
    rest.patch(f"password-policy?tenant_id={tenant}", second_factor="everybody")
    rest.post(f"users/{made['user']['id']}/sip-secret")
    rest.delete(f"ip-filters/{made['entry']['id']}")
    hours = rest.post("office-hours", tenant_id=tenant, name="Day", spans=[{"weekday": 0, "start": 480, "end": 1020}])
    role = next(row["id"] for row in rest.get("roles?limit=100")["items"] if "International" in row["name"])
    rest.patch(f"outbound-rules/{made['rule']['id']}", roles=[role], availability="own", office_hours_id=hours["id"])
    narrow = {"sources": [{"cidr": "203.0.113.16/28", "port": 0}], "max_calls": 10}
    rest.patch(f"trunks/{made['trunk']['id']}", **narrow, transport="tls", encryption="required")
    rest.patch(f"tenants/{tenant}", max_concurrent_calls=20)
    rest.patch(f"tenants/{tenant}/media", encryption="required")
    rest.patch(f"tenants/{tenant}/number-plan", permitted=[])
    budget = next(row for row in rest.get("budgets")["items"] if row["owner"] == "tenant")
    rest.patch(f"budgets/{budget['id']}", enabled=True)
    for protocol, port in (("tls", 15061), ("wss", 15065)):
        rest.post("transports", protocol=protocol, port=port)
    for name in ("udp-5060", "tcp-5063", "tls-5061", "wss-5065"):
        rest.delete(f"transports/{name}")
    rest.patch("settings/web-access", administrator_networks=[OFFICE])
    rest.patch("firewall-plan", portal=[OFFICE], ssh=[OFFICE], phones=[OFFICE])
    _, issuing = authority()
    made_for_us = server(issuing)
    rest.call(
        "PUT", "certificates/web", {"chain": made_for_us.pem + issuing.pem, "key": made_for_us.key_pem, "host": HOST}
    )
    harden_host(patient)


def be_hardened(patient: Patient) -> None:
    """The system as the first test leaves it, also where that one was not asked for."""
    if 10210 not in planned(patient):
        mend(patient, plant(patient))


def harden_host(patient: Patient) -> None:
    text = patient.sshd_config.read_text()
    patient.sshd_config.write_text(
        text.replace("Port 22", "Port 10210")
        .replace("Authentication yes", "Authentication no")
        .replace("Login yes", "Login no")
    )
    backups = patient.product.paths.state / "backups"
    backups.mkdir(exist_ok=True)
    (backups / "last.json").write_text(json.dumps({"at": time.time()}))
    for words in (("public-address", "--static"), ("firewall", "apply", "--minutes", "0")):
        done = patient.product.command(*words, timeout=120)
        assert done.returncode == 0, done.stderr


def test_every_planted_weakness_is_named_and_mended_none_is_left(patient: Patient) -> None:
    made = plant(patient)
    found = examined(patient)
    assert PLANTED - set(found) == set()
    over_rest = {finding["id"] for finding in patient.rest.get("doctor")["findings"]}
    assert over_rest == set(found)
    assert "seal.key" in " ".join(found["host.readable_secrets"])
    mend(patient, made)
    left = examined(patient)
    assert {check: evidence for check, evidence in left.items() if check not in OF_THIS_MACHINE} == {}
    assert {finding["id"] for finding in patient.rest.get("doctor")["findings"]} <= OF_THIS_MACHINE
    assert patient.rest.get("doctor/examinations")["count"] == 2
    sarif = json.loads(patient.product.command("doctor", "--sarif", timeout=120).stdout)
    assert sarif["version"] == "2.1.0"


def seen(observer: Host) -> set[int]:
    """What nmap finds open over TCP."""
    words = ("nmap", "-Pn", "-n", "-sS", "--min-rate", "3000", "--max-retries", "2", "-p", SCANNED, "-oG", "-")
    done = observer.run(*words, PBX_ADDRESS, timeout=120)
    return {int(port) for port in re.findall(r"(\d+)/open/tcp", done.stdout)}


def planned(patient: Patient) -> set[int]:
    return {opening["first"] for opening in json.loads(plan_text(patient)) if opening["transport"] == "tcp"}


def plan_text(patient: Patient) -> str:
    done = patient.product.command("firewall", "show", "--json", timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nmap_and_the_probe_see_exactly_the_plan_before_and_after_a_change(patient: Patient, tmp_path: Path) -> None:
    """Reference "Ports Security"."""
    be_hardened(patient)
    elsewhere = patient.lab.host("elsewhere", 960)
    with ExitStack() as stack:
        stack.enter_context(patient.product.host.tcp(10210, PBX_ADDRESS)).listen()
        assert seen(patient.stranger) == planned(patient) >= {8885, 8887, 10210, 15061, 15065}
        assert seen(elsewhere) == set()
        patient.rest.post("transports", protocol="tls", port=15062)
        patient.rest.delete("transports/tls-15061")
        patient.product.command("firewall", "apply", "--minutes", "0", timeout=120)
        assert seen(patient.stranger) == planned(patient) >= {8885, 8887, 10210, 15062, 15065}
        told = probed(patient, tmp_path)
        assert told["differences"] == []
        assert set(told["tcp"]) == planned(patient)
        assert not [line for line in told["weaknesses"] if "any site" in line or "speaks TLSv1" in line]
        stack.enter_context(patient.product.host.tcp(8088, PBX_ADDRESS)).listen()
        patient.product.nft("insert", "rule", "inet", "ringfence_host", "input", "tcp", "dport", "8088", "accept")
        assert "8088/tcp is open, and the plan does not open it." in probed(patient, tmp_path)["differences"]


def probed(patient: Patient, folder: Path) -> Any:
    plan = folder / "plan.json"
    plan.write_text(plan_text(patient))
    words = [sys.executable, "-m", "ringfence.cli", "probe", PBX_ADDRESS, "--plan", str(plan), "--json"]
    done = patient.stranger.run(*words, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_the_public_address_of_the_cloud_is_told_to_phones(patient: Patient) -> None:
    """Reference "Cloud Deployment Best Practices": users reach the system through its static public address."""
    be_hardened(patient)
    core, media = patient.product.paths.core_config.read_text(), patient.product.paths.media_config.read_text()
    assert f":{PBX_ADDRESS}:15065 advertise 203.0.113.9:15065" in core
    assert f"interface = {PBX_ADDRESS}!203.0.113.9" in media
    assert '"mask_ip", ""' in core, "what is hidden is hidden behind what its socket advertises"


def test_the_firewall_stays_without_a_proof_from_outside(patient: Patient, tmp_path: Path) -> None:
    """Reference "Ambiguities and Safety Fixes", 1."""
    patient.product.command("firewall", "apply", "--minutes", "0", timeout=120)
    result = tmp_path / "probe.json"
    result.write_text(json.dumps(probed(patient, tmp_path)))
    reason = ("--reason", "the security group does it")
    refused = patient.product.command("firewall", "disable", "--probe", str(result), *reason, timeout=120)
    assert refused.returncode == 1
    for why in ("not at this machine's public address", "No canary", "every one"):
        assert why in refused.stderr
    assert "table inet ringfence_host" in patient.product.nft("list", "tables")
    actions = [row["action"] for row in patient.rest.get("audit-log?limit=5")["items"]]
    assert "firewall.disable_refused" in actions


def test_a_canary_that_somebody_reaches_says_so(patient: Patient) -> None:
    """ADR 35: the host lets it through, so whoever comes was stopped by nothing in front of the machine."""
    note = patient.product.paths.state / "firewall" / "canary.json"
    with ThreadPoolExecutor(max_workers=1) as threads:
        done = threads.submit(patient.product.command, "firewall", "canary", "--minutes", "1", timeout=150)
        within(60, note.exists, "the canary listens")
        port = json.loads(note.read_text())["port"]
        within(40, lambda: came(patient.stranger, port), "the firewall lets a visitor through")
        ended = done.result(150)
    assert ended.returncode == 1
    assert f"reached by {patient.stranger.address}" in ended.stderr
    assert json.loads(note.read_text())["reached_from"] == patient.stranger.address
    assert str(port) not in patient.product.nft("list", "table", "inet", "ringfence_host")


def came(visitor: Host, port: int) -> bool:
    with visitor.tcp() as link:
        link.settimeout(2)
        link.connect((PBX_ADDRESS, port))
        return True
