"""Administration of the portal from a shell: `python -m ringfence.portal.manage VERB`."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

from ringfence.hosts.paths import Paths
from ringfence.hosts.room import disk_refuses

UNREACHABLE = (
    "the database cannot be used: {0}. `ringfence up` makes it and brings it up to date; one of your own "
    "(RINGFENCE_DATABASE_URL) must run."
)


def main(arguments: list[str] | None = None) -> None:
    """Verbs may be written with hyphens: `setup-link` runs the command `setup_link`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ringfence.portal.settings")
    words = list(arguments if arguments is not None else sys.argv[1:])
    if words:
        words[0] = words[0].replace("-", "_") if not words[0].startswith("-") else words[0]
    try:
        execute_from_command_line(["ringfence-portal", *words])
    except OperationalError as error:
        why = disk_refuses(error, Paths.from_environment().portal)
        sys.exit(f"ringfence: {why or UNREACHABLE.format(str(error).strip())}")
    except OSError as error:
        if not (why := disk_refuses(error)):
            raise
        sys.exit(f"ringfence: {why}")


if __name__ == "__main__":
    main()
