"""What the doctor looks at, as plain values. Two parts, because each can be had while the other is out of reach:
the configuration (from the database) and the host (from the kernel and its files).
"""

from dataclasses import dataclass, field

from ringfence.policy.settings import SecuritySettings


@dataclass(frozen=True, slots=True)
class Certificate:
    """The one that the portal and TLS phones are shown. Days are of 24 hours, with their fractions; fewer than none are
    left when it has ended."""

    self_signed: bool
    days_left: float
    names: tuple[str, ...] = ()
    key: str = ""
    lifetime_days: float = 365.0


@dataclass(frozen=True, slots=True)
class Web:
    """What listens beside the portal."""

    redirect_80: bool
    redirect_443: bool
    provisioning_http: bool
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Transport:
    """A SIP transport; `protocol` is udp, tcp, tls or wss."""

    protocol: str
    port: int

    @property
    def is_secure(self) -> bool:
        return self.protocol in ("tls", "wss")


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers: the system (`above_tenants`) or one tenant."""

    username: str
    above_tenants: bool
    second_factor: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """The rules of one tenant, or of those above the tenants. `second_factor`: nobody, administrators, everybody.

    `missing` are the password rules that are off although the policy is not a ready-made one.
    """

    tenant: str
    second_factor: str
    missing: tuple[str, ...] = ()
    shortest: int = 8


@dataclass(frozen=True, slots=True)
class Secret:
    """A SIP secret that may be weak: its age in days, and whether this system generated it."""

    aor: str
    days: int
    generated: bool


@dataclass(frozen=True, slots=True)
class Trunk:
    """A trunk that is switched on. `kind`: register, address, accept_register. Its hosts may call in too."""

    name: str
    kind: str
    transport: str
    encryption: str
    sources: tuple[str, ...] = ()
    has_hosts: bool = False
    max_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget that is switched off or sets no limit; `owner` such as `tenant:3`, or `tenant` for all of a kind."""

    owner: str
    enabled: bool
    limits: int


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant with what limits its calls. `media` is its media encryption: off, offered, required."""

    name: str
    max_calls: int | None
    country: str = ""
    countries: int = 0
    costly: tuple[str, ...] = ()
    media: str = "offered"


@dataclass(frozen=True, slots=True)
class Rule:
    """An outbound rule that is switched on; an empty `reaches` is every number, empty `roles` everybody.

    `lesser_roles` are those of its roles that may not call abroad. `at_home`: its prefixes are of the own country.
    """

    tenant: str
    name: str
    reaches: tuple[str, ...]
    restricted: bool
    lesser_roles: tuple[str, ...] = ()
    always: bool = True
    at_home: bool = False

    @property
    def international(self) -> bool:
        return not self.at_home and (not self.reaches or "international" in self.reaches)


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the REST API: whose, and how many days it still works and was not used."""

    owner: str
    name: str
    days_left: int
    days_unused: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Who may come to what; an empty list is everybody."""

    phones: tuple[str, ...] = ()
    portal: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration. `web` is None while the web access process does not answer.

    `order_failed`: the last order of a certificate came to nothing, and an authority is still named.
    """

    security: SecuritySettings
    transports: tuple[Transport, ...]
    web: Web | None
    reach: Reach = Reach()
    administrator_networks: tuple[str, ...] = ()
    wide_entries: tuple[str, ...] = ()
    blocked_user_agents: int = 0
    administrators: tuple[Administrator, ...] = ()
    without_factor: int = 0
    sign_in: tuple[SignIn, ...] = ()
    first_passwords: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    budgets: tuple[Budget, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    rules: tuple[Rule, ...] = ()
    tokens: tuple[Token, ...] = ()
    order_failed: bool = False


@dataclass(frozen=True, slots=True)
class Ssh:
    """The host's SSH server; without one there are no ports."""

    ports: tuple[int, ...]
    password_login: bool
    root_login: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the machine stands. `provider` is "" outside of a known cloud.

    `static`: whether the public address stays when the machine is stopped; None where the provider does not tell.
    `advertised` is the address that phones are told to use.
    """

    provider: str = ""
    private: str = ""
    public: str = ""
    static: bool | None = None
    advertised: str = ""


@dataclass(frozen=True, slots=True)
class Relay:
    """What the media relay runs with. `learning` is its word for how it learns where a phone is; `proves_srtp`: each
    packet is checked against the keys; `strangers_out`: the kernel drops what others than those signalling named send.
    """

    learning: str = ""
    proves_srtp: bool = False
    strangers_out: bool = False


@dataclass(frozen=True, slots=True)
class Failing:
    """A part that does not start: how many starts in a row failed, and what the last of them said."""

    name: str
    times: int
    reason: str


@dataclass(frozen=True, slots=True)
class Host:
    """The machine. Unix times in seconds; None is unknown, which no check takes for good or bad news.

    `little_room`: MiB that are free on the disk, if that is too little; `few_files`: how many more fit, if too few.
    """

    now: float
    ssh: Ssh
    firewall: tuple[str, ...] = ()
    firewall_disabled: bool = False
    readable: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    backup_at: float | None = None
    little_room: int | None = None
    few_files: int | None = None
    clock_synchronised: bool | None = None
    modules: tuple[str, ...] = ()
    place: Place = Place()
    voice_links_gone: tuple[str, ...] = ()
    addresses_gone: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()
    relay: Relay = Relay()
    failing: tuple[Failing, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What could be had."""

    settings: Settings | None = None
    host: Host | None = None
