"""What the rules say that are no gates and so have no docstring of their own."""

from typing import Final

FEATURES: Final = {
    "route.ring_group": "The number is a ring group's: its members ring at once or one after the other.",
    "route.announcement": "The number is an announcement's: the system plays it and hangs up.",
    "route.time_condition": "Five time conditions in a row lead to each other.",
    "route.hang_up": "At this time the number leads nowhere: the time condition ends the call.",
    "route.voicemail": "Voicemail answers: *97 the own mailbox, *98 any of the tenant, *99 and a number "
    "that extension's; and what an extension with voicemail does not take.",
    "route.no_voicemail": "Nobody leaves a message where there is no voicemail.",
    "route.mailbox": "Whoever dials *97 or *98 is asked for a PIN, nobody who is forwarded or transferred there: "
    "at *97 such a caller leaves a message for whoever sent him, if that extension has voicemail.",
    "forward.do_not_disturb": "The extension does not want to be disturbed, and forwards nowhere while busy.",
    "forward.loop": "The call was forwarded to somebody who forwarded it already.",
    "forward.hops": "The call was forwarded five times: no further.",
    "forward.circle": "Ten calls of this caller ring on this forward to the outside: one call goes round and round.",
    "forward.emergency": "No forward, 302 or ring group leads to an emergency number: somebody has to want help now. "
    "Whoever answers may transfer the call there.",
    "forward.nowhere": "The call leads to something that cannot be rung.",
    "forward.failed": "The next phone could not be reached because of a failure of ours.",
    "transfer.outside": "Only an extension transfers: another one of its tenant, or somebody outside. Not to a code.",
    "transfer.pending": "This party is being handed over already.",
    "transfer.depth": "Somebody outside is handed on five times at most.",
    "transfer.headers": "A REFER with folded lines or control characters: nobody can speak for that phone.",
    "transfer.away": "The voice process, which hands somebody outside over, cannot be reached.",
    "transfer.promise": "A call of the voice process that nobody was granted.",
    "transfer.nowhere": "What was granted has become something that nobody from outside is led to.",
    "transfer.target": "A Refer-To that asks for no call, or more than one of them.",
    "transfer.domain": "A transfer leads to numbers of the own tenant's domain, never to a foreign host.",
    "transfer.replaces": "An attended transfer replaces a call of the transferrer with whoever is called, no other.",
    "watch.unknown_caller": "Nobody whose identity is not proved watches anybody.",
    "watch.event": "Only the events dialog, presence and message-summary can be watched.",
    "watch.mailbox": "How many messages wait is for the owner of the mailbox alone.",
    "watch.messages": "The owner of a mailbox is told how many messages wait, now and at every change.",
    "watch.internal_calls": "Whoever may not call extensions may not watch them.",
    "watch.nobody": "There is no such extension in the own tenant.",
    "watch.extension": "The watcher is told every change from now on, by the guard.",
    "text.unknown_caller": "Nobody whose identity is not proved writes to anybody.",
    "text.internal_calls": "Whoever may not call extensions may not write to them.",
    "text.extension": "Texts (RFC 3428) go to all devices of an extension of the own tenant, to nobody else. A text is "
    "no ring: do not disturb and forwards do not apply to it.",
    "text.inactive": "A suspended extension is not written to.",
    "text.kind": "Plain text, that somebody is typing and that a text was read are carried; no pages and no files.",
    "text.length": "Over 1300 bytes a message goes by no way over UDP (RFC 3428 section 8).",
    "text.rate": "An extension sends at most 60 messages within a minute.",
    "text.offline": "No device of the extension can be reached now.",
    "code.do_not_disturb": "*78 and *79: do not disturb on and off.",
    "code.forward": "*72 with a number and *73: forward every call, or no more. Without a number: incomplete.",
    "code.pick_up": "*8 with an extension: the call that rings there.",
    "code.pick_up_group": "*8: the latest call that rings in a group of the caller.",
    "code.park": "*70, as the target of a transfer: the call waits with music at whoever transferred it.",
    "code.park_taken": "One call waits at an extension already.",
    "code.unpark": "*71 with an extension, or alone for the own: the call that waits there.",
    "code.nothing_parked": "No call waits there.",
    "code.nobody": "There is no such extension to pick up from.",
}
"""The rules of the features."""

SENTENCES: Final = {
    **FEATURES,
    "packet.encoding": "A message whose head is not UTF-8, or holds NUL, is not read at all. If its body alone is so, "
    "it is answered with 415.",
    "source.banned": "A banned source is dropped here when the kernel could not take the ban; so is one of a block "
    "entry where nftables cannot be used.",
    "packet.sanity": "Kamailio's own check of the message failed (RFC 3261 section 8.2, RFC 4475).",
    "packet.max_forwards": "Max-Forwards is used up; for INVITE and requests inside a dialog (RFC 3261 section 16.3).",
    "route.greet": "A keep-alive OPTIONS is answered.",
    "route.nowhere": "A method without a destination goes nowhere.",
    "route.unknown_caller": "Nobody whose identity is not proved registers or calls.",
    "route.register": "The bindings are stored for the extension whose password was proved, and for no other.",
    "route.no_rule": "What was dialled is no extension of the own tenant, and no number that an outbound rule takes.",
    "route.internal_calls": "The caller's role may not call extensions.",
    "outbound.hours": "The outbound rule for this call is outside its office hours; no later rule is asked.",
    "outbound.rule": "The call leaves over the first trunk of its outbound rule that takes it, the cheapest first.",
    "outbound.emergency": (
        "An emergency number leaves at once; no role, code, hour, limit or encryption is asked, and whatever one trunk "
        "answers, the next is tried."
    ),
    "route.callee_inactive": "The called extension is suspended.",
    "route.extension": "The call goes to every device that is registered for the extension.",
    "route.offline": "No device is registered for the called extension.",
    "media.offer": "rtpengine does not answer: without the relay there is no call.",
    "route.busy": "The called extension is in a call and has call waiting switched off. Members of a group who are, or "
    "have as many calls as they may, are not rung; if all of them are, the group is busy.",
    "media.required": "Media encryption is required of this party, and a stream of its offer is plain RTP.",
    "media.nothing": "The offer has no stream that the relay carries: audio, video, text or a fax.",
    "media.off": "Media encryption is off for this party, and its offer has nothing but SRTP.",
    "media.suite": (
        "The offer has no acceptable crypto suite: none at all, a weak one, or AES-128 where only AES-256 is allowed."
    ),
    "media.fingerprint": "An offer of DTLS-SRTP has no fingerprint of its certificate by SHA-256 or better (RFC 8122).",
    "media.address": "A session description asks for its sound at a name, at a group of hosts or at nothing readable.",
    "media.answer": "The called party answered more weakly than it was asked; the call is ended.",
    "media.body": "The body of a call is no session description, so the relay cannot see what is in it.",
    "route.redirect": "A called phone may not send the call elsewhere (3xx) at the caller's expense.",
    "dialog.known": "A request inside a dialog that is not ours.",
    "dialog.party": "Only the two parties of a call, at their proved addresses, may touch it; CANCEL: only the caller.",
    "dialog.method": "A method that has no business inside a call.",
    "dialog.event": "A NOTIFY inside a call tells how a transfer goes; with other events it would command the phone.",
    "dialog.challenge": "A called phone may not ask the caller for a password.",
    "antihacking.failed_authentication": "A source that reaches the limit within the detection period is banned.",
    "antihacking.failed_challenge": (
        "A source that exceeds the limit of challenges it left unanswered for 30 seconds, the life of a nonce, within "
        "the detection period is banned. Retransmissions count once."
    ),
    "weblogin.failures": "An address with more failed portal logins than allowed may not try to sign in for a while.",
    "source.unproved": (
        "Anybody can write any source address on a UDP packet; a source that never answered a fresh challenge is not "
        "banned for silence."
    ),
    "never_block.member": (
        "Loopback, own addresses, gateways, name and time servers, trunks, cluster peers, the front proxy, the acting "
        "administrator: never banned. An alarm tells that somebody forges the address, or that it is broken."
    ),
    "office.healthy": (
        "A source with a healthy registration is not banned while fewer than 10 accounts fail there; those accounts "
        "get no password check from there for one detection period."
    ),
    "ban.manual": "An administrator banned the address by hand.",
}

ANSWERS: Final = {
    "packet.encoding": "415 Unsupported Media Type",
    "watch.extension": "200 OK and NOTIFY",
    "watch.messages": "200 OK and NOTIFY",
    "text.extension": "the answer of a device; 404 Messages Reach Extensions Only",
    "code.pick_up": "487, and the call; 404 if nothing rings",
    "code.pick_up_group": "487, and the call; 404 if nothing rings",
    "code.do_not_disturb": "480 On, 480 Off",
    "code.park": "music",
    "code.unpark": "what the waiting phone answers",
    "packet.sanity": "400 or as the check demands",
    "packet.max_forwards": "483 Too Many Hops",
    "route.greet": "200 OK",
    "route.register": "200 OK",
    "route.extension": "what the called phone answers",
    "outbound.rule": "what the called side answers",
    "outbound.emergency": "what the called side answers",
    "media.answer": "BYE to both sides",
    "route.redirect": "480 Temporarily Unavailable",
    "dialog.event": "A NOTIFY inside a call tells how a transfer goes; with other events it would command the phone.",
    "dialog.challenge": "403 Forbidden",
    "antihacking.failed_authentication": "ban: dropped in the kernel",
    "antihacking.failed_challenge": "ban: dropped in the kernel",
    "source.unproved": "no ban; limited by rate",
    "weblogin.failures": "ban of scope web: no sign-in; SIP is not touched",
    "never_block.member": "no ban; the accounts are slowed",
    "office.healthy": "no ban; the accounts are slowed",
    "ban.manual": "ban: dropped in the kernel",
}
