"""What rules found, in a few words: the pages name a rule so; its id is for the journal and for programs.

A rule without words here is shown by its id. The sentences of docs/policy.md say what each demands.
"""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

WORDS: Final[dict[str, Any]] = {
    # bans, and why a source is spared
    "antihacking.failed_authentication": _("too many wrong SIP passwords"),
    "antihacking.failed_challenge": _("too many challenges left unanswered"),
    "antihacking.level_1": _("too many packets a second (level 1)"),
    "antihacking.level_2": _("too many packets a second (level 2)"),
    "ban.manual": _("blocked by hand"),
    "weblogin.failures": _("too many failed sign-ins at the portal"),
    "provisioning.sweep": _("searched for phones’ directories"),
    "never_block.member": _("a protected address, never blocked"),
    "office.healthy": _("phones are registered there: one account alone was slowed"),
    "source.unproved": _("the address was not proved and may be forged"),
    # what is wrong with a packet or its sender
    "source.banned": _("from a blocked address"),
    "source.user_agent": _("a blocked user agent"),
    "packet.encoding": _("a broken message"),
    "packet.sanity": _("a broken message"),
    "packet.singular": _("a header that stands twice"),
    "packet.framing": _("a message without its length"),
    "packet.size": _("a message that is too long"),
    "packet.uri_length": _("an address that is too long"),
    "packet.call_id_length": _("a Call-ID that is too long"),
    "packet.credentials": _("two passwords in one message"),
    "packet.hops": _("a message that runs in a circle"),
    "packet.max_forwards": _("a message that runs in a circle"),
    "method.notify": _("a NOTIFY from outside"),
    "method.served": _("a method that is not served"),
    "identity.domain": _("for a domain that is not ours"),
    "identity.encrypted": _("not encrypted, where TLS is required"),
    "identity.authenticated": _("no password, or a wrong one"),
    "identity.digest_uri": _("a password proof made for another request"),
    "identity.active": _("the extension is suspended"),
    "identity.tenant": _("for the domain of another tenant"),
    "identity.certificate": _("the phone’s certificate does not name the extension"),
    "identity.sender": _("in the name of somebody else"),
    "registration.account": _("a registration for somebody else"),
    "registration.star": _("a broken registration"),
    "registration.expires": _("a broken registration"),
    "registration.contacts": _("more than five devices at once"),
    "websocket.handshake": _("no WebSocket on a port for them"),
    "websocket.origin": _("a WebSocket of a foreign web page"),
    "websocket.subprotocol": _("a WebSocket that speaks no SIP"),
    "dialog.known": _("a message of an unknown call"),
    "dialog.party": _("a stranger in somebody’s call"),
    "dialog.method": _("a method that no call has"),
    "dialog.event": _("a command to the phone inside a call"),
    "dialog.challenge": _("the called phone asked for a password"),
    # calls
    "outbound.national": _("the role may not call outside"),
    "outbound.international": _("the role may not call abroad"),
    "outbound.disallowed_code": _("a disallowed code"),
    "outbound.number_class": _("premium and the like are not switched on"),
    "outbound.country": _("the country is not allowed"),
    "outbound.hours": _("outside office hours"),
    "spend.suspended": _("outside calls are suspended: a budget is used up"),
    "trunk.none": _("no trunk may be used or answers"),
    "route.no_rule": _("no such number"),
    "route.internal_calls": _("the role may not call extensions"),
    "route.callee_inactive": _("the called extension is suspended"),
    "route.offline": _("no phone is registered for it"),
    "route.busy": _("busy, without call waiting"),
    "route.redirect": _("the called phone sent the call elsewhere"),
    "route.unknown_caller": _("the caller is not known"),
    "route.no_voicemail": _("there is no voicemail"),
    "route.hang_up": _("nobody takes calls at this time"),
    "forward.do_not_disturb": _("do not disturb"),
    "forward.loop": _("forwarded in a circle"),
    "forward.circle": _("forwarded in a circle"),
    "forward.hops": _("forwarded too often"),
    "forward.emergency": _("forwarded to an emergency number"),
    "limits.caller": _("the caller has too many calls"),
    "limits.payer": _("the payer has too many calls"),
    "limits.called": _("the called extension has too many calls"),
    "limits.tenant": _("the tenant has too many calls"),
    "limits.trunk": _("the trunk carries no more calls"),
    "limits.trunk_tenant": _("the trunk carries no more calls of this tenant"),
    "limits.relay": _("the media relay carries no more calls"),
    "media.offer": _("the media relay did not answer"),
    "media.required": _("not encrypted, where encryption is required"),
    "media.off": _("encrypted, where encryption is off"),
    "media.suite": _("encrypted too weakly"),
    "media.answer": _("answered more weakly than was asked"),
    "media.nothing": _("no sound that can be carried"),
    "media.body": _("a call without a session description"),
}


def ruled(rule: str) -> str:
    """The rule in the reader's words; one without words by its id."""
    return str(WORDS.get(rule, rule))
