"""compose.yaml: keys as the Compose Specification has them, and no more rights than the systemd unit has."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
TOP = {"name", "services", "volumes", "networks", "configs", "secrets", "include"}
SERVICE = {
    "annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "command",
    "configs", "container_name", "cpu_count", "cpu_percent", "cpu_shares", "cpus", "cpuset", "depends_on", "deploy",
    "develop", "devices", "dns", "domainname", "entrypoint", "env_file", "environment", "expose", "extends",
    "extra_hosts", "group_add", "healthcheck", "hostname", "image", "init", "ipc", "labels", "logging", "mem_limit",
    "mem_reservation", "network_mode", "networks", "pid", "pids_limit", "platform", "ports", "privileged", "profiles",
    "pull_policy", "read_only", "restart", "secrets", "security_opt", "shm_size", "stdin_open", "stop_grace_period",
    "stop_signal", "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "user", "userns_mode", "volumes", "working_dir",
}  # fmt: skip
HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}
DURATION = re.compile(r"(\d+(us|ms|s|m|h))+")


def document() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def service() -> Any:
    return document()["services"]["ringfence"]


def test_every_key_is_one_of_the_specification() -> None:
    assert set(document()) <= TOP
    assert set(service()) <= SERVICE
    assert set(service()["healthcheck"]) <= HEALTHCHECK
    for name in ("interval", "timeout", "start_period"):
        assert DURATION.fullmatch(service()["healthcheck"][name])
    assert DURATION.fullmatch(service()["stop_grace_period"])
    assert {volume.partition(":")[0] for volume in service()["volumes"]} == set(document()["volumes"])


def test_it_has_exactly_the_rights_of_the_systemd_unit() -> None:
    unit = (ROOT / "deploy/systemd/ringfence.service").read_text()
    found = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)
    assert found is not None
    assert {f"CAP_{name}" for name in service()["cap_add"]} == set(found[1].split())
    assert service()["cap_drop"] == ["ALL"]
    assert service()["read_only"] is True
    assert "no-new-privileges:true" in service()["security_opt"]
    assert not {"privileged", "pid", "ipc", "devices", "userns_mode"} & set(service())


def test_what_has_to_last_is_a_volume_of_the_image_too() -> None:
    text = (ROOT / "Containerfile").read_text()
    assert [volume.split(":")[1] for volume in service()["volumes"]] == re.findall(
        r"^VOLUME (\S+)$", text, re.MULTILINE
    )


def test_what_the_image_copies_is_there() -> None:
    text = (ROOT / "Containerfile").read_text()
    for source in re.findall(r"^COPY (\S+) \S+$", text, re.MULTILINE):
        assert (ROOT / source).exists(), source


def test_neither_journal_nor_container_log_holds_the_one_time_link() -> None:
    """Whoever reads a log must not become the administrator."""
    assert 'CMD ["up", "--no-setup-link"]' in (ROOT / "Containerfile").read_text()
    unit = (ROOT / "deploy/systemd/ringfence.service").read_text()
    assert "ExecStart=/usr/bin/ringfence up --no-setup-link\n" in unit
