"""The part of the typed port to Kamailio that only the core's own BYEs use. As in `ksr`, only `> 0` is yes."""

from typing import Final

import KSR

from ringfence.signaling.ports import ksr

CONFIRMED: Final = (3, 4)
"""States of a dialog that was answered: before its ACK and after it."""


def told(name: str) -> str:
    """A field of the dialog, "" if it is unset or no text: a called phone may write any bytes into its answer."""
    found = ksr.text(f"$dlg({name})")
    return "" if "\ufffd" in found else found


def destination() -> tuple[str, int]:
    """Address and port that the request at hand is about to be sent to."""
    return ksr.text("$sndto(ip)"), ksr.number("$sndto(port)")


def send(target: str, hop: str, socket: str, headers: str) -> bool:
    """A BYE of our own, repeated and awaited like any other; `socket` is "." for whichever fits."""
    return ksr._yes(KSR.tm.t_uac_send("BYE", target, hop, socket, headers, ""))


def forget_call() -> None:
    """The dialog at hand expires with the next second, unless that is over which it ends: no BYE of its own does it."""
    if ksr.number("$dlg(state)") in CONFIRMED:
        KSR.dialog.dlg_set_timeout(1)
