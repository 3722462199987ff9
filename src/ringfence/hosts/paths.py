"""Where everything lies. One place, so that no other module spells a directory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CODE: Final = Path("/opt/ringfence")
"""The checkout; the launcher mounts it here on every host."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The directories of one running system, all derived from three roots."""

    state: Path = Path("/var/lib/ringfence")
    run: Path = Path("/run/ringfence")
    venv: Path = CODE / ".platform" / "venv"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Paths":
        """The defaults, or what RINGFENCE_STATE_DIR, RINGFENCE_RUN_DIR and RINGFENCE_VENV say."""
        standard = cls()
        return cls(
            state=Path(environment.get("RINGFENCE_STATE_DIR", standard.state)),
            run=Path(environment.get("RINGFENCE_RUN_DIR", standard.run)),
            venv=Path(environment.get("RINGFENCE_VENV", standard.venv)),
        )

    @property
    def code(self) -> Path:
        return CODE

    @property
    def source(self) -> Path:
        """Where the package is imported from."""
        return CODE / "src"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def policy(self) -> Path:
        """The policy store (LMDB): written by the portal, read by workers and guard."""
        return self.state / "policy"

    @property
    def journal(self) -> Path:
        return self.state / "journal"

    @property
    def guard(self) -> Path:
        return self.state / "guard"

    @property
    def bans(self) -> Path:
        """Bans that signaling must enforce itself: written by the guard, read by workers. The ledger knows them all, so
        they may lie where a full disk does no harm.
        """
        return self.run / "bans"

    @property
    def suspensions(self) -> Path:
        """Who may make no outside calls for the moment; the ledger knows them too."""
        return self.run / "suspensions"

    @property
    def blocks(self) -> Path:
        """Address entries that signaling must enforce itself: written by the guard, read by workers."""
        return self.state / "blocks"

    @property
    def ledger(self) -> Path:
        return self.guard / "ledger.db"

    @property
    def portal(self) -> Path:
        return self.state / "portal"

    @property
    def portal_database(self) -> Path:
        return self.portal / "db.sqlite3"

    @property
    def static(self) -> Path:
        """The portal's static files as nginx serves them."""
        return self.state / "static"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def backups(self) -> Path:
        """Sealed backups and the lock they are sealed with."""
        return self.state / "backups"

    @property
    def backup_lock(self) -> Path:
        return self.backups / "lock.json"

    @property
    def tls(self) -> Path:
        return self.state / "tls"

    @property
    def current_pair(self) -> Path:
        """A link to the directory that holds the certificate in force and its key; it changes in one step."""
        return self.tls / "current"

    @property
    def authorities(self) -> Path:
        """Whose certificates a provider may have: a link to the list of the host, or a file that pins others."""
        return self.tls / "authorities.pem"

    @property
    def web_certificate(self) -> Path:
        return self.current_pair / "web.crt"

    @property
    def web_key(self) -> Path:
        return self.current_pair / "web.key"

    @property
    def web_access(self) -> Path:
        """What nginx listens on beside the portal; written by the web access process alone."""
        return self.state / "web" / "access.json"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def log_rules(self) -> Path:
        """How much of the logs is kept; written by the portal, read by the supervisor."""
        return self.portal / "logs.json"

    @property
    def web_logs(self) -> Path:
        return self.logs / "web"

    @property
    def guard_socket(self) -> Path:
        return self.run / "guard.sock"

    @property
    def doorbell(self) -> Path:
        return self.run / "doorbell.sock"

    @property
    def core(self) -> Path:
        """The SIP core's rendered configuration and its start-up registrations."""
        return self.run / "core"

    @property
    def topology_key(self) -> Path:
        """What the core hides addresses of phones with; kept, or a call could not be ended after a restart."""
        return self.state / "topology.key"

    @property
    def core_config(self) -> Path:
        return self.core / "core.cfg"

    @property
    def core_tls_config(self) -> Path:
        return self.core / "tls.cfg"

    @property
    def core_pid(self) -> Path:
        return self.core / "core.pid"

    @property
    def transports(self) -> Path:
        """Which SIP transports are in force; written by the transports process alone."""
        return self.state / "sip" / "transports.json"

    @property
    def sip_certificates(self) -> Path:
        """Certificates of tenants' domains with their keys; of the transports process and the core alone."""
        return self.transports.parent / "certificates"

    @property
    def sbc_clients(self) -> Path:
        """Whether the SBC asks phones for certificates; written by the transports process alone."""
        return self.transports.parent / "sbc-clients.json"

    @property
    def voice_network(self) -> Path:
        """How calls are marked and over which link they go; written by the transports process alone."""
        return self.transports.parent / "network.json"

    @property
    def relay_wish(self) -> Path:
        """Touched when the media relay has to be started again for its new file."""
        return self.transports.parent / "relay.wish"

    @property
    def transports_socket(self) -> Path:
        """Where the portal asks for other transports."""
        return self.run / "transports" / "transports.sock"

    @property
    def core_control(self) -> Path:
        return self.core / "ctl.sock"

    @property
    def warm_database(self) -> Path:
        """Registrations and calls the core finds at its start (Kamailio tables `location` and `dialog`)."""
        return self.core / "warm.db"

    @property
    def returning(self) -> Path:
        """What the phones the core finds at its start registered with."""
        return self.core / "returning"

    @property
    def sbc_switch(self) -> Path:
        """Whether this system runs an SBC."""
        return self.state / "sbc" / "sbc.json"

    @property
    def link(self) -> Path:
        """The certificates of the link between the SBC and the core, each side's in a folder of its own."""
        return self.state / "link"

    @property
    def sbc_key(self) -> Path:
        """What the SBC signs flows and hides addresses with; kept, or phones could not be reached after a restart."""
        return self.link / "sbc" / "flows.key"

    @property
    def sbc(self) -> Path:
        """The SBC's rendered configuration and what it remembers of flows."""
        return self.run / "sbc"

    @property
    def sbc_config(self) -> Path:
        return self.sbc / "sbc.cfg"

    @property
    def sbc_front(self) -> Path:
        """Certificates that the SBC shows clients, with their keys; for its account's eyes alone."""
        return self.state / "sbcfront"

    @property
    def sbc_tls_config(self) -> Path:
        """Beside the folder of its certificates: whoever replaces those tells the SBC in it."""
        return self.run / "sbcfront" / "tls.cfg"

    @property
    def sbc_pid(self) -> Path:
        return self.sbc / "sbc.pid"

    @property
    def sbc_control(self) -> Path:
        return self.sbc / "ctl.sock"

    @property
    def sbc_media(self) -> Path:
        return self.run / "sbcmedia"

    @property
    def sbc_media_config(self) -> Path:
        return self.sbc_media / "rtpengine.conf"

    @property
    def media(self) -> Path:
        return self.run / "media"

    @property
    def media_config(self) -> Path:
        return self.media / "rtpengine.conf"

    @property
    def web(self) -> Path:
        """Where the portal's socket lies; owned by the portal, readable by nginx."""
        return self.run / "web"

    @property
    def portal_socket(self) -> Path:
        return self.web / "portal.sock"

    @property
    def web_access_socket(self) -> Path:
        """Where the portal asks for other listeners or another certificate."""
        return self.run / "access" / "access.sock"

    @property
    def wsi_socket(self) -> Path:
        return self.web / "wsi.sock"

    @property
    def prompts(self) -> Path:
        """Announcements and greetings laid out for the voice process; written by the portal."""
        return self.state / "voice" / "prompts"

    @property
    def audio_key(self) -> Path:
        """The public key that messages and recordings are sealed with."""
        return self.prompts / "audio.pub"

    @property
    def spool(self) -> Path:
        """Sealed messages and recordings on their way from the voice process to the portal."""
        return self.state / "voice" / "spool"

    @property
    def audio(self) -> Path:
        """Sealed messages and recordings where the portal keeps them."""
        return self.portal / "audio"

    @property
    def voice(self) -> Path:
        return self.run / "voice"

    @property
    def voice_socket(self) -> Path:
        """Where the SIP core and the portal tell the voice process what concerns its calls."""
        return self.voice / "news.sock"

    @property
    def legs(self) -> Path:
        """The calls of the voice process, so that its successor can end them."""
        return self.voice / "legs"

    @property
    def mailroom_socket(self) -> Path:
        return self.run / "mailroom" / "mailroom.sock"

    @property
    def nginx(self) -> Path:
        """nginx's own run-time files: configuration, pid, temporary bodies."""
        return self.run / "nginx"

    @property
    def nginx_config(self) -> Path:
        return self.nginx / "nginx.conf"

    @property
    def inspector_socket(self) -> Path:
        """Where the portal asks what the host looks like."""
        return self.run / "inspector" / "inspector.sock"

    @property
    def endings(self) -> Path:
        """Which processes ended by themselves, from the supervisor to the guard; nobody else may write beside it."""
        return self.run / "endings" / "endings.json"

    @property
    def supervise(self) -> Path:
        """The supervisor's own notes; readable by root only."""
        return self.run / "supervise"
