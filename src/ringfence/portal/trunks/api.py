"""REST: trunks."""

from typing import Annotated, Any

from ninja import Field, Router, Status

from ringfence.policy.relay.encryption import Encryption
from ringfence.policy.trunking.trunks import CallerIn, TrunkKind, TrunkTransport
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.schema import In, Out
from ringfence.portal.trunks import changes
from ringfence.portal.trunks.models import Trunk
from ringfence.portal.trunks.state import Told, states_of, told
from ringfence.portal.trunks.wish import MOST_CALLS, MOST_HOSTS, MOST_NUMBERS, MOST_SOURCES, Wish

router = Router()

Calls = Annotated[int | None, Field(ge=0, le=MOST_CALLS)]


class HostIn(In):
    """Where calls and registrations go."""

    host: str = Field(max_length=253)
    port: int = Field(5060, ge=1, le=65_535)


class SourceIn(In):
    """Where calls come from; port 0 is any."""

    cidr: str = Field(max_length=64)
    port: int = Field(0, ge=0, le=65_535)


class ShareIn(In):
    tenant_id: RowId
    max_calls: int = Field(ge=0, le=MOST_CALLS)


class TrunkBase(In):
    enabled: bool = True
    transport: TrunkTransport = TrunkTransport.UDP
    encryption: Encryption = Encryption.OFFERED
    aes_256_only: bool = False
    link: str = Field(
        "",
        max_length=64,
        description="The link of the transport that it uses: it is sent to and heard there alone. Empty: the usual "
        "addresses.",
    )
    hosts: list[HostIn] = Field([], max_length=MOST_HOSTS)
    sources: list[SourceIn] = Field([], max_length=MOST_SOURCES)
    domain: str = Field("", max_length=253)
    username: str = Field("", max_length=64)
    realm: str = Field("", max_length=128, description="Empty: the domain, or else the first host.")
    auth_username: str = Field("", max_length=64, description="What a digest names. Empty: the user name.")
    from_domain: str = Field("", max_length=253, description="Behind our name and numbers. Empty: the domain.")
    caller_in: CallerIn = Field(
        CallerIn.FROM, description="Where the caller's number stands; elsewhere than in From, From names the account."
    )
    password: str | None = Field(None, max_length=128)
    expires: int = Field(300, ge=60, le=3600)
    keepalive: int = Field(30, ge=0, le=600)
    country_code: str = Field("", max_length=3)
    trunk_prefix: str = Field("0", max_length=3)
    numbers: list[str] = Field([], max_length=MOST_NUMBERS)
    default_number: str = Field("", max_length=32)
    user_agent: str = Field("", max_length=128)
    max_calls: Calls = None
    tenant_max_calls: list[ShareIn] = Field([], max_length=1000)


class TrunkIn(TrunkBase):
    """Without `tenant_id` it is shared by all tenants."""

    name: str = Field(max_length=64)
    kind: TrunkKind
    tenant_id: RowId | None = None


class TrunkPatch(TrunkBase):
    """What is left out stays."""

    name: str = Field("", max_length=64)


class PeerStateOut(Out):
    """`state` is up, down or unknown; of a registering trunk `registration` says what the provider answered."""

    address: str
    state: str
    registration: str
    latency_ms: float | None
    changed_at: float | None
    detail: str


class TrunkOut(Out):
    id: int
    name: str
    kind: TrunkKind
    tenant_id: int | None
    enabled: bool
    transport: TrunkTransport
    encryption: Encryption
    aes_256_only: bool
    link: str
    hosts: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    domain: str
    username: str
    realm: str
    auth_username: str
    from_domain: str
    caller_in: CallerIn
    has_password: bool
    expires: int
    keepalive: int
    country_code: str
    trunk_prefix: str
    numbers: list[str]
    default_number: str
    user_agent: str
    max_calls: int | None
    tenant_max_calls: list[dict[str, Any]]
    peers: list[PeerStateOut]


class MadeTrunkOut(TrunkOut):
    """`password` is shown this once when it was generated for a gateway."""

    password: str


class TrunkPage(PageOut):
    items: list[TrunkOut]


def shown(row: Trunk, known: Told | None = None) -> dict[str, Any]:
    states = states_of(row, told() if known is None else known)
    return {"id": row.pk, **changes.facts(row), "has_password": bool(row.secret), "peers": states}


def trunk_of(trunk_id: int) -> Trunk:
    """Raises NotFound."""
    found: Trunk | None = Trunk.objects.filter(pk=trunk_id).first()
    if found is None:
        raise NotFound(detail="There is no such trunk.")
    return found


def wish_of(given: dict[str, Any]) -> Wish:
    """A wish from the fields of a body."""
    values = {name: value for name, value in given.items() if name not in ("kind", "tenant_id")}
    values["hosts"] = tuple((item["host"], item["port"]) for item in values.get("hosts", ()))
    values["sources"] = tuple((item["cidr"], item["port"]) for item in values.get("sources", ()))
    values["shares"] = {item["tenant_id"]: item["max_calls"] for item in values.pop("tenant_max_calls", ())}
    values["numbers"] = tuple(values.get("numbers", ()))
    values["secret"] = values.pop("password", None)
    values["transport"] = TrunkTransport(values["transport"])
    values["encryption"] = Encryption(values["encryption"])
    values["caller_in"] = CallerIn(values["caller_in"])
    return Wish(**values)


@router.get("trunks", response=TrunkPage)
@needs(Permission.TRUNKS_READ)
def list_trunks(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    known = told()
    return rows(Trunk.objects.prefetch_related("shares"), page, lambda row: shown(row, known))


@router.post("trunks", response={201: MadeTrunkOut})
@needs(Permission.TRUNKS_WRITE)
def create_trunk(request: ApiRequest, payload: TrunkIn) -> Status[Any]:
    made, password = changes.add(request.auth, payload.kind, payload.tenant_id, wish_of(payload.dict()))
    return Status(201, {**shown(made), "password": password})


@router.get("trunks/{int:trunk_id}", response=TrunkOut)
@needs(Permission.TRUNKS_READ)
def show_trunk(request: ApiRequest, trunk_id: RowId) -> dict[str, Any]:
    return shown(trunk_of(trunk_id))


@router.patch("trunks/{int:trunk_id}", response=TrunkOut)
@needs(Permission.TRUNKS_WRITE)
def change_trunk(request: ApiRequest, trunk_id: RowId, payload: TrunkPatch) -> dict[str, Any]:
    row = trunk_of(trunk_id)
    now = {**changes.facts(row), "password": None}
    return shown(changes.alter(request.auth, row, wish_of({**now, **payload.dict(exclude_unset=True)})))


@router.delete("trunks/{int:trunk_id}", response={204: None})
@needs(Permission.TRUNKS_WRITE)
def delete_trunk(request: ApiRequest, trunk_id: RowId) -> Status[Any]:
    changes.remove(request.auth, trunk_of(trunk_id))
    return Status(204, None)
