"""fail2ban beside stock Kamailio, as administrators run them: a log line for each wrong password, a jail on it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.rig.network import Network
from bench.rig.processes import SYSTEM_PROCESSOR, running, start, wait_until
from bench.systems import stock

BACKENDS: Final = ("pyinotify", "polling")
_SHIPPED: Final = Path("/etc/fail2ban")
_CHECK: Final = 'if (!auth_check("$fd", "subscriber", "1")) {'
_LOGGED: Final = (
    _CHECK + "\n\t\t\t$var(why) = $rc;\n\t\t\tif ($var(why) == -2 || $var(why) == -3) "
    'xlog("L_NOTICE", "$timef(%Y-%m-%d %H:%M:%S) auth failed for $au from $si\\n");'
)
_FILTER: Final = """[Definition]
failregex = auth failed for \\S+ from <HOST>\\s*$
datepattern = %%Y-%%m-%%d %%H:%%M:%%S
"""


@contextmanager
def guarded_stock(net: Network, folder: Path, database_url: str, backend: str, max_retry: int) -> Iterator[None]:
    """Stock Kamailio (tlsf) and fail2ban with one jail on its log, both in the server's namespace."""
    folder.mkdir(exist_ok=True)
    variant = stock.Stock(database_url, "db_sqlite.so", ("-x", "tlsf", "-X", "tlsf"), ((_CHECK, _LOGGED),))
    with stock.kamailio(net, folder, variant) as log:
        settings = _write_settings(folder / "fail2ban", log, backend, max_retry)
        words = [
            "fail2ban-server",
            "-c",
            str(settings),
            "-s",
            str(folder / "f2b.sock"),
            "-p",
            str(folder / "f2b.pid"),
            "-xf",
            "start",
        ]
        server_log = folder / "fail2ban.log"
        with running(start(words, net.server, SYSTEM_PROCESSOR, server_log)):
            wait_until(lambda: _watches(folder / "f2b.sock"), "fail2ban", server_log)
            yield


def _write_settings(folder: Path, log: Path, backend: str, max_retry: int) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_SHIPPED, folder)
    for path in (folder / "jail.d").iterdir():
        path.unlink()
    (folder / "filter.d/bench-kamailio.conf").write_text(_FILTER)
    (folder / "jail.local").write_text(
        "[DEFAULT]\nusedns = no\n\n[bench-kamailio]\nenabled = true\nfilter = bench-kamailio\n"
        f"logpath = {log}\nbackend = {backend}\nmaxretry = {max_retry}\nfindtime = 10\nbantime = 3600\n"
        "banaction = nftables[type=allports]\nprotocol = udp\n"
    )
    (folder / "fail2ban.local").write_text(f"[Definition]\nlogtarget = {folder.parent}/f2b-events.log\ndbfile = None\n")
    return folder


def _watches(link: Path) -> bool:
    words = ["fail2ban-client", "-s", str(link), "status", "bench-kamailio"]
    return link.exists() and subprocess.run(words, check=False, capture_output=True).returncode == 0
