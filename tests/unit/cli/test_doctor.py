"""`ringfence doctor`: exit codes for scripts, forms for people, programs and dashboards, and what is not mended."""

import json
from dataclasses import asdict, replace

import pytest
from typer.testing import CliRunner

from ringfence.cli import doctor as verb
from ringfence.cli.app import build
from ringfence.doctor import facts
from ringfence.doctor.facts import Host, Settings
from tests.unit.doctor.planted import HOST, SETTINGS

SSH = facts.Ssh((22,), False, "no")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the database and the host say."""
    said: dict[str, object] = {"settings": SETTINGS, "host": HOST}

    def portal(*words: str, stdin: str = "") -> str:
        settings = said["settings"]
        return json.dumps(asdict(settings)) if words[0] == "doctor" and isinstance(settings, Settings) else ""

    monkeypatch.setattr(verb, "portal_answer", portal)
    monkeypatch.setattr(verb, "_host", lambda plan: said["host"])
    return said


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(build(), ["doctor", *words])
    return done.exit_code, done.output


def test_a_hardened_system_is_clean(system: dict[str, object]) -> None:
    code, said = run()
    assert (code, "Score 100 of 100" in said) == (0, True)


def test_a_finding_fails_from_its_threshold_on(system: dict[str, object]) -> None:
    system["host"] = replace(HOST, ssh=SSH)
    code, said = run()
    assert (code, "ringfence ssh-port 10210" in said) == (1, True)
    assert run("--fail-on", "medium")[0] == 0


def test_without_the_database_the_host_is_examined_alone(system: dict[str, object]) -> None:
    """ "Works when the portal is down": what could not be asked is said."""
    system |= {"settings": None, "host": replace(HOST, ssh=SSH)}
    code, said = run()
    assert code == 1
    assert "host.ssh_port" in said
    assert "Could not be asked: people." in said


def test_with_nothing_to_ask_it_could_not_run(system: dict[str, object]) -> None:
    system |= {"settings": None, "host": None}
    assert run()[0] == 2


def test_programs_get_json_and_sarif(system: dict[str, object]) -> None:
    system["host"] = replace(HOST, readable=("/x/seal.key",))
    told = json.loads(run("--json")[1])
    assert [(item["id"], item["fixable"]) for item in told["findings"]] == [("host.readable_secrets", True)]
    assert json.loads(run("--sarif")[1])["runs"][0]["results"][0]["ruleId"] == "host.readable_secrets"


def test_what_breaks_something_is_refused_with_advice(system: dict[str, object]) -> None:
    code, said = run("--fix", "people.stale_secrets")
    assert (code, "not mended by itself" in said) == (1, True)
    assert run("--fix", "nonsense")[0] == 2


def test_facts_without_host_are_no_host() -> None:
    assert Host(now=0.0, ssh=SSH).place == facts.Place()
