"""Where the portal keeps and finds its files."""

from typing import Final

from ringfence.hosts.paths import Paths

PATHS: Final = Paths.from_environment()
PORTAL: Final = PATHS.portal
SECRETS: Final = PATHS.secrets
POLICY: Final = PATHS.policy
GUARD_SOCKET: Final = PATHS.guard_socket
DATABASE_FILE: Final = PATHS.portal_database
PUBLISH_LOCK: Final = PORTAL / "publish.lock"
