"""The table of certificates of phones."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.tables import Column, Empty, Table

PATH: Final = "/phone-certificates"


def _search(found: Any, wanted: str) -> Any:
    return found.filter(aor__istartswith=wanted)


CERTIFICATES: Final = Table(
    name=_("certificates of phones"),
    path=PATH,
    row="phonecertificates/row.html",
    columns=(
        Column("aor", _("Extension"), ("aor",)),
        Column("fingerprint", _("Fingerprint"), css="hide-phone"),
        Column("created_at", _("Made"), ("created_at",), css="hide-phone"),
        Column("ends_at", _("Ends"), ("ends_at",)),
        Column("state", _("State")),
        Column("actions", ""),
    ),
    order="aor",
    empty=Empty(
        "key",
        _("No certificates of phones yet"),
        _("A phone with a certificate can use TLS transports that ask for one. It names one extension."),
        f"{PATH}/new",
        _("Make the first certificate"),
    ),
    search=_search,
    search_hint=_("Extension"),
    export=(
        ("aor", lambda row: row.aor),
        ("serial", lambda row: row.serial),
        ("fingerprint", lambda row: row.fingerprint),
        ("created_at", lambda row: row.created_at),
        ("ends_at", lambda row: row.ends_at),
        ("revoked_at", lambda row: row.revoked_at),
    ),
)
