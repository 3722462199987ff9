"""Engine versions with known CVEs: upstream versions by range, a distribution's own fix by its revision."""

import pytest

from ringfence.doctor.advisories import ADVISORIES, known_bad


@pytest.mark.parametrize(
    ("product", "version", "cves"),
    [
        ("kamailio", "6.0.1-1+deb13u2", []),
        ("kamailio", "5.3.2-1", ["CVE-2020-28361"]),
        ("kamailio", "5.1.1-1", ["CVE-2018-8828", "CVE-2018-14767", "CVE-2018-16657", "CVE-2020-28361"]),
        ("rtpengine", "12.5.1.31-1", ["CVE-2025-53399"]),
        ("rtpengine", "13.4.1.1-1", []),
        ("rtpengine", "11.5.1.41", []),
        ("rtpengine", "11.5.1.6", ["CVE-2023-51275", "CVE-2025-53399"]),
        ("rtpengine", "11.5.1.16-1", ["CVE-2025-53399"]),
        ("nginx", "1.26.3-3+deb13u11", []),
        ("nginx", "1.27.3-1", ["CVE-2025-23419"]),
        ("nginx", "1.22.1-9", ["CVE-2025-23419"]),
        ("nginx", "1.22.1-9+deb12u3", ["CVE-2025-23419"]),
        ("openssh", "1:9.2p1-2+deb12u2", ["CVE-2024-6387"]),
        ("openssh", "1:9.2p1-2+deb12u3", []),
        ("openssh", "1:10.0p1-7", []),
        ("nginx", "unknown", []),
        ("apache", "2.4.1", []),
    ],
)
def test_versions_are_judged_by_range_and_by_debians_own_fixes(product: str, version: str, cves: list[str]) -> None:
    assert [advisory.cve for advisory in known_bad(product, version)] == cves


def test_every_range_ends_after_it_begins_and_names_a_cve() -> None:
    for advisory in ADVISORIES:
        assert advisory.cve.startswith("CVE-")
        assert advisory.source.startswith("https://"), advisory.cve
        assert advisory.ranges
        assert advisory.fixed
