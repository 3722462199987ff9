"""The part of the typed port to Kamailio that only the core's own BYEs use. As in `ksr`, only `> 0` is yes."""

import KSR

from ringfence.signaling import ksr


def told(name: str) -> str:
    """A field of the dialog, "" if it is unset or no text: a called phone may write any bytes into its answer."""
    try:
        return ksr.text(f"$dlg({name})")
    except UnicodeDecodeError:
        return ""


def destination() -> tuple[str, int]:
    """Address and port that the request at hand is about to be sent to."""
    return ksr.text("$sndto(ip)"), ksr.number("$sndto(port)")


def send(target: str, hop: str, socket: str, headers: str) -> bool:
    """A BYE of our own, repeated and awaited like any other; `socket` is "." for whichever fits."""
    return ksr._yes(KSR.tm.t_uac_send("BYE", target, hop, socket, headers, ""))


def forget_call() -> None:
    """The dialog of the request at hand is over, though the dialog module sent no BYE that could tell it so."""
    KSR.dialog.dlg_set_state("deleted")
