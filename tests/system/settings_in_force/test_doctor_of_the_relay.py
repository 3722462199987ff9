"""CVE-2025-53399 on the running system: the doctor looks at the installed version and at what stands before it."""

import json
import subprocess
from typing import Any

import pytest

from ringfence.doctor.advisories import known_bad
from ringfence.lab.product import within

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
CVE = "CVE-2025-53399"


def test_what_stands_before_the_relay_is_seen_on_the_running_system(pbx: Any) -> None:
    words = ["dpkg-query", "-W", "-f", "${Version}", "rtpengine-daemon"]
    version = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    bad = any(one.cve == CVE for one in known_bad("rtpengine", version))
    within(10, lambda: "expires" in pbx.product.nft("list", "set", "inet", "ringfence", "watched"), "strangers are out")
    done = pbx.product.command("doctor", "--json", timeout=120)
    found = {one["id"]: " ".join(one["evidence"]) for one in json.loads(done.stdout)["findings"]}
    assert CVE not in found.get("host.engines", "")
    assert (CVE in found.get("host.engines_held", "")) is bad
