"""The system accounts: one for each part, so that one broken part cannot read another's files.

Run as a script by platform/prepare with the system's Python, so it imports the standard library only.
"""

import grp
import pwd
import subprocess
import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Account:
    """A system user with a group of the same name, no shell, no home, and the groups it shares files through."""

    name: str
    groups: tuple[str, ...] = ()


POLICY: Final = "ringfence-policy"
"""May read the policy store."""
JOURNAL: Final = "ringfence-journal"
"""May append to and read the event journal."""
CONTROL: Final = "ringfence-control"
"""May talk to the guard's socket."""
TLS: Final = "ringfence-tls"
"""May read the certificate's key: whoever speaks TLS with it."""

NEWS: Final = "ringfence-news"
"""May tell the voice process what concerns its calls."""

SIP: Final = Account("ringfence-sip", (POLICY, JOURNAL, TLS, NEWS))
MEDIA: Final = Account("ringfence-media")
GUARD: Final = Account("ringfence-guard", (POLICY, JOURNAL, CONTROL))
PORTAL: Final = Account("ringfence-portal", (POLICY, CONTROL, NEWS))
VOICE: Final = Account("ringfence-voice")
WEB: Final = Account("ringfence-web", (TLS,))
INSPECTOR: Final = Account("ringfence-inspector")

SBC: Final = Account("ringfence-sbc", (TLS,))
"""Faces the Internet: reads no policy, writes no journal, and cannot ask the guard."""

SBC_MEDIA: Final = Account("ringfence-sbc-media")

LINK: Final = Account("ringfence-link", (CONTROL,))
"""Carries bans from the core's host to the SBC's, where those are two: asks one guard and tells the other."""

ACCOUNTS: Final = (SIP, MEDIA, GUARD, PORTAL, WEB, VOICE, INSPECTOR, SBC, SBC_MEDIA, LINK)
SHARED_GROUPS: Final = (POLICY, JOURNAL, CONTROL, TLS, NEWS)


class AccountRefused(Exception):
    """An account could not be made; the sentence carries the system's own words."""


def ensure_accounts() -> tuple[str, ...]:
    """Create what is missing; the names of what was created. Existing accounts get only the groups they lack."""
    created = [name for name in SHARED_GROUPS if _ensure_group(name)]
    for account in ACCOUNTS:
        if not _user_exists(account.name):
            _run("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
                 "--shell", "/usr/sbin/nologin", account.name)  # fmt: skip
            created.append(account.name)
        for group in account.groups:
            if account.name not in grp.getgrnam(group).gr_mem:
                _run("usermod", "--append", "--groups", group, account.name)
    return tuple(created)


def _ensure_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        _run("groupadd", "--system", name)
        return True
    return False


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _run(*argv: str) -> None:
    outcome = subprocess.run(argv, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise AccountRefused(f"{' '.join(argv)}: {outcome.stderr.strip() or outcome.returncode}")


if __name__ == "__main__":
    sys.stdout.write("".join(f"created {name}\n" for name in ensure_accounts()))
