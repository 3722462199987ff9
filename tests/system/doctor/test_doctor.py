"""Issue "doctor", how it is judged: a system with planted weaknesses is named in all of them, a mended one in none."""

import json
import time
from typing import Any

import pytest

from tests.system.doctor.conftest import Patient, second_factor

pytestmark = pytest.mark.system
OF_THIS_MACHINE = {"host.clock", "host.sip_helper", "host.engines"}
"""What no test can plant or mend: the kernel's clock and modules, and the installed packages."""


def examined(patient: Patient) -> dict[str, Any]:
    done = patient.product.command("doctor", "--json", timeout=60)
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["unasked"] == []
    return told


def ids(told: dict[str, Any]) -> set[str]:
    return {finding["id"] for finding in told["findings"]}


def test_something(patient: Patient) -> None:
    told = examined(patient)
    print(json.dumps(told, indent=1))
    begun = time.monotonic()
    over_rest = patient.rest.get("doctor")
    print(time.monotonic() - begun)
    print(set(ids(told)) ^ ids(over_rest), over_rest["unasked"])
    second_factor(patient.product, "admin")
    print(ids(patient.rest.get("doctor")))
    print(patient.product.command("status").stdout)
    assert False
