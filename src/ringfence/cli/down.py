"""`ringfence down`"""

from ringfence.cli.outcome import refuse
from ringfence.engines.keep import stop_everything
from ringfence.hosts.paths import Paths


def down() -> None:
    """Stop everything that `ringfence up` started, and nothing else."""
    paths = Paths.from_environment()
    try:
        stopped = stop_everything(paths.supervise)
    except PermissionError as error:
        refuse(f"only root may stop the system: {error}")
    print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
