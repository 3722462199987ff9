"""The sentences that the page's script says, translated here so that the script needs no catalogue."""

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """By key. `{name}` is put in by the script."""
    return {
        "line_starting": _("Connecting"),
        "line_on": _("Ready"),
        "line_off": _("No connection; trying again"),
        "line_ended": _("Signed out"),
        "line_refused": _("Not registered: {reason}"),
        "no_transport": _("browsers cannot speak SIP here; an administrator deleted the WSS transport"),
        "no_browser": _("this browser has no WebRTC"),
        "not_registered": _("The phone is not registered yet."),
        "no_microphone": _("The browser gives no microphone to this page."),
        "state_calling": _("Calling"),
        "state_ringing": _("It rings there"),
        "state_incoming": _("Calls you"),
        "state_up": _("Connected · {time}"),
        "state_held": _("On hold · {time}"),
        "state_held_there": _("You are on hold · {time}"),
        "state_over": _("Ended"),
        "transferring": _("Transferring"),
        "transferred": _("Transferred to {number}."),
        "not_transferred": _("The call could not be transferred to {number}; it is still yours."),
        "hold": _("Hold"),
        "resume": _("Go on"),
        "mute": _("Mute"),
        "unmute": _("Unmute"),
        "hang_up": _("Hang up"),
        "reject": _("Reject"),
        "anonymous": _("Anonymous"),
        "incoming": _("{number} calls"),
        "title_incoming": _("A call"),
        "made": _("Made"),
        "not_reached": _("Not reached"),
        "taken": _("Taken"),
        "missed": _("Missed"),
        "call_back": _("Call {number}"),
        "new_message": _("New"),
        "message_of": _("Message of {number}"),
        "device": _("Device"),
        "usual_device": _("The browser's choice"),
    }
