"""The portal's questions to the web access process, which holds the web server's files."""

from typing import Any

from ringfence.portal import places, processes
from ringfence.portal.problems import Refused, Unavailable

PATIENCE = 30.0
"""Seconds: nginx checks its file, reloads, and is looked at; twice when it has to be rolled back."""


class WebServerSilent(Unavailable):
    error_id = "web.unreachable"
    title = "The web access process does not answer"


def certificate_now() -> dict[str, Any] | None:
    """The certificate for the dashboard, which must not wait while it is being changed."""
    try:
        found: dict[str, Any] = ask("web.show", 1.0)["certificate"]
    except Refused:
        return None
    return found


def ask(verb: str, timeout: float = PATIENCE, **args: Any) -> dict[str, Any]:
    """Its answer. Raises WebServerSilent, or Refused with its reason; nothing is changed then."""
    silent = WebServerSilent(
        detail="The process that changes the web server does not answer; nothing was changed. It is restarted by "
        "itself; see: ringfence logs access"
    )
    return processes.ask(places.PATHS.web_access_socket, silent, verb, timeout, **args)
