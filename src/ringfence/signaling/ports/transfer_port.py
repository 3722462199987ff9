"""The part of the typed port to Kamailio that only transfers use. As in `ksr`, only `> 0` is yes."""

from typing import Final

import KSR

from ringfence.signaling.ports import ksr
from ringfence.signaling.ports.ksr import text

_UNQUOTABLE: Final = str.maketrans("", "", '"\\')
"""What would end a quoted string or escape in it (RFC 3261 section 25.1)."""


def refer_to_count() -> int:
    return ksr.number("$hdrc(Refer-To)")


def refer_to() -> str:
    return text("$hdr(Refer-To)")


def refer_to_instead(uri: str, name: str, replaces: str, by: str) -> None:
    """Another target for a REFER, and the name a phone shows for it.

    `replaces` goes into its headers part, escaped (RFC 3891 section 6.1).
    """
    KSR.textops.remove_hf_re("^(Refer-To|r|Referred-By|b)$")
    KSR.pv.sets("$var(words)", replaces)
    headers = "?Replaces=" + text("$(var(words){s.escape.param})") if replaces else ""
    shown = name.translate(_UNQUOTABLE)
    ksr.append_header(f'Refer-To: "{shown}" <{uri}{headers}>')
    ksr.append_header(f"Referred-By: <sip:{by}>")


def end_dialog() -> None:
    """A BYE of ours to both sides of the dialog at hand."""
    KSR.dialog.dlg_bye("all")


def parties_of(wanted: str, one_tag: str, other_tag: str) -> tuple[str, ...]:
    """The two addresses of record of another dialog of ours; none if there is no such dialog."""
    is_ours = ksr.select_dialog(wanted, one_tag, other_tag)
    found = (ksr.dialog_var("from"), ksr.dialog_var("to")) if is_ours else ()
    ksr.find_dialog()
    return found


def is_answered(wanted: str, one_tag: str, other_tag: str) -> bool:
    """Whether another dialog of ours is more than a call that rings."""
    answered = ksr.select_dialog(wanted, one_tag, other_tag) and bool(ksr.dialog_var("answered"))
    ksr.find_dialog()
    return answered
