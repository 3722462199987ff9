"""Register-based trunks against a stock SIP server (reference: "Register-Based Authentication"; attack case 114)."""

from typing import Any

import pytest

from ringfence.lab.product import within

pytestmark = pytest.mark.usefixtures("oracle")


def test_the_system_registers_and_shows_it(pbx: Any, provider: Any, registered: dict[str, Any]) -> None:
    (peer,) = pbx.rest.get(f"trunks/{registered['id']}")["peers"]
    assert peer["registration"] == "registered"
    within(8, lambda: pbx.rest.get(f"trunks/{registered['id']}")["peers"][0]["state"] == "up", "OPTIONS is answered")
