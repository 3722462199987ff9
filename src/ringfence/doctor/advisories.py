"""Versions of the engines with known vulnerabilities. Small on purpose: what concerns the parts that are used here.

A distribution mends an old version under its own revision; such a package is judged by `mended`, the first revision
that has the fix, and by its upstream version everywhere else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

type Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Advisory:
    """A vulnerability. `ranges` are half-open: from the first with it to the first without; `source` says so.

    `held`: something of this system stands before it, which the check looks for.
    """

    product: str
    cve: str
    about: str
    ranges: tuple[tuple[str, str], ...]
    source: str
    held: bool = False

    @property
    def fixed(self) -> str:
        return ", ".join(end for _, end in self.ranges)


_NVD: Final = "https://nvd.nist.gov/vuln/detail"
_NGINX: Final = "https://nginx.org/en/security_advisories.html"

ADVISORIES: Final = (
    Advisory("kamailio", "CVE-2018-8828", "one REGISTER with a long branch overruns the heap (tmx)",
             (("0", "4.4.7"), ("5.0.0", "5.0.6"), ("5.1.0", "5.1.2")), f"{_NVD}/CVE-2018-8828"),
    Advisory("kamailio", "CVE-2018-14767", "a second To header with an empty tag crashes a worker",
             (("0", "5.0.7"), ("5.1.0", "5.1.4")), f"{_NVD}/CVE-2018-14767"),
    Advisory("kamailio", "CVE-2018-16657", "an invalid Via header crashes a worker",
             (("0", "5.0.7"), ("5.1.0", "5.1.4")), f"{_NVD}/CVE-2018-16657"),
    Advisory("kamailio", "CVE-2020-28361", "headers with blanks before the colon pass the filters",
             (("0", "5.4.0"),), f"{_NVD}/CVE-2020-28361"),
    Advisory("rtpengine", "CVE-2023-51275", "a DTLS Hello of a stranger takes the call's encryption down",
             (("0", "8.5.12.2"), ("9", "9.5.8.2"), ("10", "10.5.6.2"), ("11", "11.5.1.16"), ("12.0", "12.0.1.3"),
              ("12.1", "12.1.1.2")),
             "https://github.com/EnableSecurity/advisories/tree/master/ES2023-03-rtpengine-dtls-hello-race"),
    Advisory("rtpengine", "CVE-2025-53399", "packets of strangers draw the sound of a call to them, or get into it",
             (("0", "11.5.1.41"), ("12", "13.4.1.1")),
             "https://github.com/EnableSecurity/advisories/tree/master/ES2025-01-rtpengine-improper-behavior-bleed-inject",
             held=True),
    Advisory("nginx", "CVE-2021-23017", "an answer of a name server overwrites memory",
             (("0.6.18", "1.20.1"),), _NGINX),
    Advisory("nginx", "CVE-2025-23419", "a resumed TLS session passes the check of client certificates",
             (("1.11.4", "1.26.3"), ("1.27.0", "1.27.4")), _NGINX),
    Advisory("openssh", "CVE-2024-6387", "a race before the login runs code as root",
             (("8.5", "9.8"),), "https://www.openssh.com/txt/release-9.8"),
)  # fmt: skip
"""Each was compared with its `source`; what could not be confirmed there is not in the list.

Of CVE-2025-53399 the source names 13.4.1.1 and the maintainer 11.5.1.41 (sipwise/rtpengine, issue 1992). With which
release of 12 the mended learning came nobody says, so all of them count.
"""

MENDED: Final = {("openssh", "CVE-2024-6387"): "9.2p1-2+deb12u3"}
"""Debian's own fixes: the first package revision that has it (security-tracker.debian.org)."""


def known_bad(product: str, version: str) -> Iterator[Advisory]:
    """The advisories that concern this version of a package; nothing for a version that cannot be read."""
    upstream = numbers(version.rpartition("-")[0] or version)
    if not upstream:
        return
    for advisory in ADVISORIES:
        if advisory.product == product and _inside(upstream, advisory) and not _is_mended(advisory, version):
            yield advisory


def _inside(version: Version, advisory: Advisory) -> bool:
    return any(_reaches(version, numbers(first)) and not _reaches(version, numbers(end))
               for first, end in advisory.ranges)  # fmt: skip


def _is_mended(advisory: Advisory, version: str) -> bool:
    upstream = version.rpartition(":")[2].rpartition("-")[0]
    mended = MENDED.get((advisory.product, advisory.cve), "")
    return bool(upstream) and mended.startswith(f"{upstream}-") and _reaches(numbers(version), numbers(mended))


def numbers(version: str) -> Version:
    """The numbers of a version, an epoch left out.

    >>> numbers("1:10.0p1-7"), numbers("12.5.1.31"), numbers("unknown")
    ((10, 0, 1, 7), (12, 5, 1, 31), ())
    """
    return tuple(int(part) for part in re.findall(r"\d+", version.rpartition(":")[2]))


def _reaches(version: Version, other: Version) -> bool:
    for mine, theirs in zip_longest(version, other, fillvalue=0):
        if mine != theirs:
            return mine > theirs
    return True
