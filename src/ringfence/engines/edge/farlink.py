"""Keeps what an enrolment agreed on: each host its own end of the link, and nothing of what was in force before."""

from dataclasses import replace

from ringfence.engines.certificates.pairs import forget_brought
from ringfence.engines.edge.link import Shown, bans_side, core_side, forget_side, put_side, sbc_side, web_side
from ringfence.engines.edge.sbcfront import drop_front
from ringfence.engines.folders import ensure_folders
from ringfence.hosts import accounts
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc, read_sbc, write_sbc


def keep_core_end(paths: Paths, shown: Shown) -> None:
    """On the core's host: the SBC beside the core, if there ever was one, is not believed any more."""
    _ready(paths)
    forget_side(sbc_side(paths.link))
    put_side(core_side(paths.link), shown, accounts.SIP.name)
    put_side(bans_side(paths.link), shown, accounts.LINK.name)
    put_side(web_side(paths.link), shown, accounts.WEB.name)


def forget_core_end(paths: Paths) -> None:
    """Nobody is believed until there is another enrolment, or an SBC beside the core."""
    forget_side(core_side(paths.link))
    forget_side(bans_side(paths.link))
    forget_side(web_side(paths.link))


def complete_sides(paths: Paths, sbc: Sbc) -> None:
    """A host that was enrolled before its web server had a part in it gets that part's copy."""
    known = bans_side(paths.link)
    if sbc.other_host and known.key.exists() and not web_side(paths.link).key.exists():
        shown = Shown(*(file.read_bytes() for file in (known.authority, known.certificate, known.key)))
        put_side(web_side(paths.link), shown, accounts.WEB.name)


def become_sbc(paths: Paths, core: str, here: str, shown: Shown) -> None:
    """On the SBC's host; it runs nothing else from its next start on."""
    _ready(paths)
    forget_side(core_side(paths.link))
    put_side(sbc_side(paths.link), shown, accounts.SBC.name)
    put_side(bans_side(paths.link), shown, accounts.LINK.name)
    put_side(web_side(paths.link), shown, accounts.WEB.name)
    write_sbc(paths.sbc_switch, Sbc(enabled=True, core=core, here=here))
    ensure_folders(paths)  # another account looks after certificates here


def stop_being_sbc(paths: Paths) -> None:
    forget_side(sbc_side(paths.link))
    forget_side(bans_side(paths.link))
    forget_side(web_side(paths.link))
    drop_front(paths)
    forget_brought(paths)
    write_sbc(paths.sbc_switch, replace(read_sbc(paths.sbc_switch), enabled=False, core="", here=""))


def _ready(paths: Paths) -> None:
    accounts.ensure_accounts()
    ensure_folders(paths)
