"""All directories follow from three roots, and the environment may move each."""

from pathlib import Path

from ringfence.hosts.paths import Paths


def test_the_defaults_are_the_documented_ones() -> None:
    paths = Paths.from_environment({})
    assert paths.policy == Path("/var/lib/ringfence/policy")
    assert paths.ledger == Path("/var/lib/ringfence/guard/ledger.db")
    assert paths.guard_socket == Path("/run/ringfence/guard.sock")
    assert paths.python == Path("/opt/ringfence/.platform/venv/bin/python")


def test_the_environment_moves_each_root() -> None:
    environment = {"RINGFENCE_STATE_DIR": "/s", "RINGFENCE_RUN_DIR": "/r", "RINGFENCE_VENV": "/v"}
    assert Paths.from_environment(environment) == Paths(state=Path("/s"), run=Path("/r"), venv=Path("/v"))
