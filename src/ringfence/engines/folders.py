"""The product's directories with their owners: who may write where, in one table."""

import grp
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from ringfence.engines.edge import sbcfront
from ringfence.hosts import accounts
from ringfence.hosts.paths import Paths


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path
    owner: str
    group: str
    mode: int


def folders(paths: Paths) -> tuple[Folder, ...]:
    """Parents first. A set-group-id bit makes new files belong to the group that shares the directory.

    `run` lets the guard make its two sockets there; the sticky bit keeps it from replacing anybody else's entries.
    """
    sip, guard, portal, web = accounts.SIP.name, accounts.GUARD.name, accounts.PORTAL.name, accounts.WEB.name
    voice, front = accounts.VOICE.name, sbcfront.owner(paths)
    return (
        Folder(paths.state, "root", "root", 0o755),
        Folder(paths.policy, portal, accounts.POLICY, 0o2750),
        Folder(paths.journal, sip, accounts.JOURNAL, 0o2770),
        Folder(paths.guard, guard, guard, 0o700),
        Folder(paths.blocks, guard, accounts.JOURNAL, 0o2750),
        Folder(paths.portal, portal, portal, 0o700),
        Folder(paths.secrets, portal, portal, 0o700),
        Folder(paths.backups, portal, portal, 0o750),
        Folder(paths.prompts.parent, "root", "root", 0o755),
        Folder(paths.prompts, portal, voice, 0o2750),
        Folder(paths.spool, voice, portal, 0o2770),
        Folder(paths.static, portal, web, 0o2750),
        Folder(paths.tls, web, accounts.TLS, 0o2750),
        Folder(paths.web_access.parent, web, web, 0o755),
        Folder(paths.transports.parent, sip, sip, 0o755),
        Folder(paths.logs, "root", "root", 0o711),
        Folder(paths.web_logs, web, web, 0o750),
        Folder(paths.run, "root", guard, 0o1775),
        Folder(paths.endings.parent, "root", guard, 0o750),
        Folder(paths.bans, guard, accounts.JOURNAL, 0o2750),
        Folder(paths.suspensions, guard, accounts.JOURNAL, 0o2750),
        Folder(paths.core, sip, accounts.JOURNAL, 0o2770),
        Folder(paths.sbc_switch.parent, "root", "root", 0o755),
        Folder(paths.link, "root", "root", 0o755),
        Folder(paths.link / "core", "root", sip, 0o750),
        Folder(paths.link / "sbc", "root", accounts.SBC.name, 0o750),
        Folder(paths.link / "web", "root", web, 0o750),
        Folder(paths.link / "bans", "root", accounts.LINK.name, 0o750),
        Folder(paths.sbc, accounts.SBC.name, front, 0o2750),
        Folder(paths.sbc_front, front, accounts.SBC.name, 0o2750),
        Folder(paths.sbc_tls_config.parent, front, accounts.SBC.name, 0o2750),
        Folder(paths.sbc_media, accounts.SBC_MEDIA.name, accounts.SBC_MEDIA.name, 0o750),
        Folder(paths.media, sip, accounts.MEDIA.name, 0o2750),
        Folder(paths.voice, voice, accounts.NEWS, 0o2750),
        Folder(paths.legs, voice, voice, 0o700),
        Folder(paths.mailroom_socket.parent, portal, voice, 0o2750),
        Folder(paths.web, portal, web, 0o2750),
        Folder(paths.web_access_socket.parent, web, portal, 0o2750),
        Folder(paths.transports_socket.parent, sip, portal, 0o2750),
        Folder(paths.inspector_socket.parent, accounts.INSPECTOR.name, portal, 0o2750),
        Folder(paths.nginx, web, web, 0o750),
        Folder(paths.supervise, "root", "root", 0o700),
    )


def ensure_folders(paths: Paths) -> tuple[Path, ...]:
    """Create or put right; the paths that were changed.

    A changed owner goes all the way down: a rebuilt platform may number the accounts anew.
    """
    return tuple(folder.path for folder in folders(paths) if _ensure(folder))


def _ensure(folder: Folder) -> bool:
    created = not folder.path.exists()
    folder.path.mkdir(parents=True, exist_ok=True)
    user, group = pwd.getpwnam(folder.owner).pw_uid, grp.getgrnam(folder.group).gr_gid
    found = folder.path.stat()
    owner_changed = (found.st_uid, found.st_gid) != (user, group)
    if owner_changed:
        os.chown(folder.path, user, group)
        if not created and folder.owner != "root":
            _chown_below(folder.path, user, group)
    mode_changed = found.st_mode & 0o7777 != folder.mode or owner_changed
    if mode_changed:
        folder.path.chmod(folder.mode)
    return created or mode_changed


def _chown_below(top: Path, user: int, group: int) -> None:
    for parent, names, files in os.walk(top):
        for name in (*names, *files):
            os.chown(Path(parent) / name, user, group, follow_symlinks=False)
