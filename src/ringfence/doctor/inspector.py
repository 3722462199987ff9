"""Tells the portal what the host looks like. An account of its own with the rights to look at what is root's: sshd's
configuration, the host's files, the kernel's rules. It knows one question, and nothing that is asked is carried out.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ringfence.doctor.inspect import inspect
from ringfence.engines.changing.questions import Answer, Args, Desk, Listener, Refusal
from ringfence.hosts.firewall.pending import plan_from
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.paths import Paths


class Inspector(Desk):
    """Answers for the host."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def verbs(self) -> Mapping[str, Callable[[Args], Answer]]:
        return {"host.show": self.show}

    def show(self, args: Args) -> Answer:
        """The host; `plan` are the openings that its firewall is compared with."""
        return asdict(inspect(self._paths, _plan(args.get("plan"))))


def _plan(openings: Any) -> Plan | None:
    if openings is None:
        return None
    try:
        return plan_from(openings)
    except (KeyError, ValueError, TypeError) as error:
        raise Refusal("host.plan", "plan", f"This is no firewall plan: {error}") from error


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    paths = Paths.from_environment()
    with Listener(paths.inspector_socket, Inspector(paths)) as listener:
        listener.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
