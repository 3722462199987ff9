"""The processes of a running system: what each is, as whom it runs, and how one knows that it is ready."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from ringfence.engines.render import bracketed
from ringfence.engines.supervision.child import Child
from ringfence.engines.system import System
from ringfence.hosts import accounts, ports

MEDIA: Final = "media"
GUARD: Final = "guard"
CORE: Final = "core"
PORTAL: Final = "portal"
INGEST: Final = "ingest"
WSI: Final = "wsi"
NOTICES: Final = "notices"
WEB: Final = "web"
ACCESS: Final = "access"
TRANSPORTS: Final = "transports"
MAILROOM: Final = "mailroom"
VOICE: Final = "voice"
SBC: Final = "sbc"
SBC_MEDIA: Final = "sbcmedia"
BANS_OUT: Final = "bansout"
BANS_IN: Final = "bansin"
FRONT_OUT: Final = "frontout"
FRONT_IN: Final = "frontin"
BACKUPS: Final = "backups"
INSPECTOR: Final = "inspector"

LOUD: Final = ("-A", "LOUD")
"""Kamailio tells its errors with it, of which the templates know."""


def children(system: System, environment: Mapping[str, str] = os.environ) -> tuple[Child, ...]:
    """Every process of this host, in the order they are started: of an SBC for a core elsewhere nothing but its own."""
    if system.sbc.core:
        return (
            _guard(system, environment),
            *_sbc(system, environment),
            _far(system, environment, BANS_IN),
            _web(system, environment),
            _far(system, environment, FRONT_IN),
        )
    return (
        _media(system, environment),
        _guard(system, environment),
        _core(system, environment),
        *(_sbc(system, environment) if system.sbc.enabled else ()),
        *((_far(system, environment, BANS_OUT), _far(system, environment, FRONT_OUT)) if system.sbc.far else ()),
        _portal(system, environment),
        _follower(system, environment, INGEST),
        _wsi(system, environment),
        _follower(system, environment, NOTICES),
        _mailroom(system, environment),
        _voice(system, environment),
        _web(system, environment),
        _access(system, environment),
        _transports(system, environment),
        _backups(system, environment),
        _inspector(system, environment),
    )


def base_environment(system: System, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What every process may know. The database's URL can hold a password, so only the portal's processes get it."""
    passed = {name: value for name, value in environment.items() if name.startswith("RINGFENCE_")}
    passed.pop("RINGFENCE_DATABASE_URL", None)
    return passed | {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": environment.get("TZ", ""),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "RINGFENCE_STATE_DIR": str(system.paths.state),
        "RINGFENCE_RUN_DIR": str(system.paths.run),
        "RINGFENCE_VENV": str(system.paths.venv),
        "RINGFENCE_ADDRESS": str(system.network.primary),
        "RINGFENCE_OUTER_ADDRESS": str(system.outer_address),
        "RINGFENCE_SIP_MEMORY": str(system.limits.sip_shared_mib),
        "RINGFENCE_LINK": bracketed(ip_address(system.sbc.link_here)),
        "RINGFENCE_SBC": bracketed(ip_address(system.sbc.link_there)),
    }


def portal_environment(system: System, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    url = environment.get("RINGFENCE_DATABASE_URL")
    return base_environment(system, environment) | ({"RINGFENCE_DATABASE_URL": url} if url else {})


def core_environment(system: System, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Kamailio embeds the system's Python: it is told where product and packages lie, and OpenSSL's settings."""
    source, packages = system.paths.source, system.paths.venv / "lib" / "python3.13" / "site-packages"
    return base_environment(system, environment) | {
        "PYTHONPATH": f"{source}:{packages}",
        "OPENSSL_CONF": str(source / "ringfence" / "engines" / "signalling-openssl.cnf"),
    }


def manage(system: System, *words: str) -> tuple[str, ...]:
    """A command of the portal, to be run as the portal's account.

    Django's checks import every page and resource, which takes longer than all else a command imports and is no use to
    it; `make check` runs them (`manage makemigrations --check`).
    """
    verb, *rest = words
    return (str(system.paths.python), "-m", "ringfence.portal.manage", verb, "--skip-checks", *rest)


def core_argv(system: System) -> tuple[str, ...]:
    paths = system.paths
    return _kamailio(system, paths.core, paths.core_config, paths.core_pid)


def sbc_argv(system: System) -> tuple[str, ...]:
    paths = system.paths
    return _kamailio(system, paths.sbc, paths.sbc_config, paths.sbc_pid)


def _kamailio(system: System, folder: Path, config: Path, pid: Path) -> tuple[str, ...]:
    """tlsf for shared and private memory: the default allocator doubles the cost of a message."""
    limits = system.limits
    return (
        "kamailio", "-DD", "-E", "-x", "tlsf", "-X", "tlsf",
        "-m", str(limits.sip_shared_mib), "-M", str(limits.sip_private_mib),
        "-Y", str(folder), "-f", str(config), "-P", str(pid),
    )  # fmt: skip


def _pairs(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(environment.items()))


def _log(system: System, name: str) -> str:
    return str(system.paths.logs / f"{name}.log")


def _media(system: System, environment: Mapping[str, str]) -> Child:
    return Child(
        name=MEDIA,
        argv=("rtpengine", f"--config-file={system.paths.media_config}"),
        log=_log(system, MEDIA),
        account=accounts.MEDIA.name,
        environment=_pairs(base_environment(system, environment)),
        follows=str(system.paths.relay_wish),
        ready=(f"udp:{ports.RTPENGINE_CONTROL}",),
        answers=ports.RTPENGINE_CONTROL,
    )


def _guard(system: System, environment: Mapping[str, str]) -> Child:
    """The only process with CAP_NET_ADMIN. Without that right it still decides bans; Kamailio alone enforces them."""
    told = () if system.firewall else ("--no-firewall",)
    return Child(
        name=GUARD,
        argv=(str(system.paths.python), "-m", "ringfence.guard.daemon", *told),
        log=_log(system, GUARD),
        account=accounts.GUARD.name,
        capabilities=("net_admin",) if system.firewall else (),
        environment=_pairs(base_environment(system, environment)),
        ready=(f"unix:{system.paths.guard_socket}",),
        doorstep=system.firewall,
        never_rests=True,
        umask=0o007,
    )


def _core(system: System, environment: Mapping[str, str]) -> Child:
    return Child(
        name=CORE,
        argv=core_argv(system),
        log=_log(system, CORE),
        account=accounts.SIP.name,
        environment=_pairs(core_environment(system, environment)),
        ready=(
            f"sip:{system.paths.transports}",
            f"control:{system.paths.core_control}",
            f"options:{ports.CORE_TO_VOICE}",
        ),
        control=str(system.paths.core_control),
        loud=LOUD,
        before=(str(system.paths.python), "-m", "ringfence.guard.live.warmstart"),
        before_account=accounts.GUARD.name,
        after=(MEDIA, GUARD),
        whole=True,
        umask=0o007,
    )


def _sbc(system: System, environment: Mapping[str, str]) -> tuple[Child, Child]:
    """The SBC and its relay; neither may read the policy, write the journal or ask the guard."""
    paths = system.paths
    relay = Child(
        name=SBC_MEDIA,
        argv=("rtpengine", f"--config-file={paths.sbc_media_config}"),
        log=_log(system, SBC_MEDIA),
        account=accounts.SBC_MEDIA.name,
        environment=_pairs(base_environment(system, environment)),
        ready=(f"udp:{ports.SBC_RTPENGINE_CONTROL}",),
        answers=ports.SBC_RTPENGINE_CONTROL,
    )
    signalling = Child(
        name=SBC,
        argv=sbc_argv(system),
        log=_log(system, SBC),
        account=accounts.SBC.name,
        environment=_pairs(core_environment(system, environment)),
        ready=(f"sbc:{paths.sbc_switch}", f"control:{paths.sbc_control}"),
        control=str(paths.sbc_control),
        loud=LOUD,
        after=(SBC_MEDIA, GUARD),
        whole=True,
        umask=0o007,
    )
    return relay, signalling


def _far(system: System, environment: Mapping[str, str], name: str) -> Child:
    """One end of a way between the core's host and the SBC's. Bans have an account of their own, no part may do less;
    certificates are told by the core's, which has them, and heard by that of the web server, which shows them."""
    return Child(
        name=name,
        argv=(str(system.paths.python), "-m", f"ringfence.farsbc.{name}"),
        log=_log(system, name),
        account=_FAR_ACCOUNTS[name],
        environment=_pairs(base_environment(system, environment)),
        after=(GUARD,),
    )


_FAR_ACCOUNTS: Final = {
    **dict.fromkeys((BANS_OUT, BANS_IN), accounts.LINK.name),
    FRONT_OUT: accounts.SIP.name,
    FRONT_IN: accounts.WEB.name,
}


def _portal(system: System, environment: Mapping[str, str]) -> Child:
    """Only nginx reaches the Unix socket: its X-Forwarded-For is believed, nobody else's ever arrives. It ends idle
    connections, after 60 s: uvicorn's own 5 were over just as a change was sent, which was answered with 502."""
    return Child(
        name=PORTAL,
        argv=(
            str(system.paths.python), "-m", "uvicorn", "ringfence.portal.asgi:application",
            "--uds", str(system.paths.portal_socket), "--proxy-headers", "--forwarded-allow-ips=*", "--no-access-log",
            "--no-server-header", "--log-level=warning", "--timeout-graceful-shutdown=2", "--timeout-keep-alive=75",
        ),
        log=_log(system, PORTAL),
        account=accounts.PORTAL.name,
        environment=_pairs(portal_environment(system, environment)),
        ready=(f"unix:{system.paths.portal_socket}",),
        never_rests=True,
        umask=0o007,
    )  # fmt: skip


def _follower(system: System, environment: Mapping[str, str], name: str) -> Child:
    """Follows what the guard tells, in a process of its own: a mail server that hangs holds up no call record."""
    return Child(
        name=name,
        argv=manage(system, name),
        log=_log(system, name),
        account=accounts.PORTAL.name,
        environment=_pairs(portal_environment(system, environment)),
        after=(GUARD,),
        never_rests=True,
        umask=0o007,
    )


def _backups(system: System, environment: Mapping[str, str]) -> Child:
    """Reads what every part keeps and writes nothing but sealed files; no port, no socket leads to it."""
    return Child(
        name=BACKUPS,
        argv=manage(system, BACKUPS),
        log=_log(system, BACKUPS),
        account=accounts.PORTAL.name,
        capabilities=("dac_read_search",) if system.reads_all else (),
        environment=_pairs(portal_environment(system, environment)),
        umask=0o027,
    )


def _wsi(system: System, environment: Mapping[str, str]) -> Child:
    return Child(
        name=WSI,
        argv=manage(system, "wsi"),
        log=_log(system, WSI),
        account=accounts.PORTAL.name,
        environment=_pairs(portal_environment(system, environment)),
        ready=(f"unix:{system.paths.wsi_socket}",),
        never_rests=True,
        umask=0o007,
    )


def _mailroom(system: System, environment: Mapping[str, str]) -> Child:
    """The only process beside the portal that can open messages: the voice process asks it."""
    return Child(
        name=MAILROOM,
        argv=manage(system, MAILROOM),
        log=_log(system, MAILROOM),
        account=accounts.PORTAL.name,
        environment=_pairs(portal_environment(system, environment)),
        ready=(f"unix:{system.paths.mailroom_socket}",),
        never_rests=True,
        umask=0o007,
    )


def _voice(system: System, environment: Mapping[str, str]) -> Child:
    return Child(
        name=VOICE,
        argv=(str(system.paths.python), "-m", "ringfence.voice.daemon"),
        log=_log(system, VOICE),
        account=accounts.VOICE.name,
        environment=_pairs(base_environment(system, environment)),
        ready=(f"udp:{ports.VOICE_SIP}",),
        never_rests=True,
        umask=0o007,
    )


def _web(system: System, environment: Mapping[str, str]) -> Child:
    return Child(
        name=WEB,
        argv=("nginx", "-e", "stderr", "-c", str(system.paths.nginx_config)),
        log=_log(system, WEB),
        account=accounts.WEB.name,
        capabilities=web_capabilities(system),
        environment=_pairs(base_environment(system, environment)),
        ready=(f"tcp:127.0.0.1:{(ports.WEBRTC if system.sbc.core else ports.WEB_PORTAL).first}",),
        more_logs=(str(system.paths.web_logs / "access.log"),),
    )


def web_capabilities(system: System) -> tuple[str, ...]:
    """The right to listen on 80 and 443 is given from the start, so that a redirect can be switched on by a reload."""
    return ("net_bind_service",) if system.low_ports else ()


def _access(system: System, environment: Mapping[str, str]) -> Child:
    """Changes nginx's listeners and certificate; as nginx's own account it needs no right that nginx lacks."""
    return Child(
        name=ACCESS,
        argv=(str(system.paths.python), "-m", "ringfence.engines.changing.webaccess"),
        log=_log(system, ACCESS),
        account=accounts.WEB.name,
        capabilities=web_capabilities(system),
        environment=_pairs(base_environment(system, environment)),
        ready=(f"unix:{system.paths.web_access_socket}",),
        after=(WEB,),
        never_rests=True,
        umask=0o007,
    )


def _transports(system: System, environment: Mapping[str, str]) -> Child:
    """Changes what the core listens on; as the core's own account it needs no right that the core lacks."""
    return Child(
        name=TRANSPORTS,
        argv=(str(system.paths.python), "-m", "ringfence.engines.changing.transports"),
        log=_log(system, TRANSPORTS),
        account=accounts.SIP.name,
        environment=_pairs(core_environment(system, environment)),
        ready=(f"unix:{system.paths.transports_socket}",),
        after=(CORE,),
        never_rests=True,
        umask=0o007,
    )


def _inspector(system: System, environment: Mapping[str, str]) -> Child:
    """May look at what only root sees, and takes one question without a wish in it (docs/adr/0034)."""
    return Child(
        name=INSPECTOR,
        argv=(str(system.paths.python), "-m", "ringfence.doctor.inspector"),
        log=_log(system, INSPECTOR),
        account=accounts.INSPECTOR.name,
        capabilities=system.sight,
        environment=_pairs(base_environment(system, environment)),
        ready=(f"unix:{system.paths.inspector_socket}",),
        never_rests=True,
        umask=0o007,
    )
