"""ASVS 7.5.1, 7.5.2: whatever changes security, money or accounts needs a fresh proof of who it is."""

import re
from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

from ringfence.portal.provisioning.urls import GUESSED
from ringfence.portal.signin.duties import ALWAYS_OPEN, NEEDS_PROOF
from ringfence.portal.signin.sessions import PROVED_AT
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import get, post, signed_in_browser

WITHOUT: Final = {
    "change-password": "asks for the present password itself",
    "confirm": "confirming or taking back a change must work in a hurry",
    "setup": "the guided setup begins with the sign-in; it is open for its first minutes",
    "sign-in": "is the way in",
    "my/call": "rings the own phone and is judged like every call",
    "my/calling": "forwards of the own extension: judged when the call comes, under its budget",
    "my/voicemail": "own messages and greeting",
    "my/recordings": "own recordings",
    "my/language": "own taste",
    "my/devices": "looking only",
    "phone": "the browser phone",
    "calls": "hanging up and recording a running call cannot wait",
    "cdrs": "looking only",
    "audit-log": "looking only",
    "dashboard": "looking only",
    "security-dashboard": "looking only",
    "registrations": "looking only",
    "provisioning": "files of phones: no session",
    "healthz": "looking only",
    "my": "looking only",
    "unconfirmed-changes": "confirming or taking back a change must work in a hurry",
}


def routes(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if not str(pattern.pattern).startswith("api/"):
                yield from routes(pattern.url_patterns)
        else:
            yield str(pattern.pattern)


def test_every_page_asks_for_a_proof_or_says_why_not(site: Site) -> None:
    """A new page is protected unless somebody decided that it need not be."""
    undecided = [
        route
        for route in routes(get_resolver().url_patterns)
        if route not in ("", GUESSED)  # files of phones, asked for where none are: no session either
        and not f"/{route}".startswith((*NEEDS_PROOF, *ALWAYS_OPEN))
        and not any(re.match(rf"{known}(/|$)", route.removeprefix("^").replace("(?:", "/")) for known in WITHOUT)
    ]
    assert undecided == []


def test_sessions_are_ended_by_whoever_proves_himself(site: Site) -> None:
    """ASVS 7.5.2. A browser that was left open cannot throw its owner out elsewhere."""
    here, elsewhere = signed_in_browser("100@a.example"), signed_in_browser("100@a.example")
    session = here.session
    session[PROVED_AT] = 0
    session.save()
    assert post(here, "/my/sessions/others", {})["Location"].startswith("/prove")
    assert get(elsewhere, "/my/sessions").status_code == 200
