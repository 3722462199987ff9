"""Sends notices by e-mail: one message for a batch, so that a storm of bans is no storm of mails."""

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Final

from ringfence.policy.sentence import Sentence
from ringfence.portal.notices.hangup import hung_up_after
from ringfence.portal.notices.mailserver import Encrypted, Plain
from ringfence.portal.notices.means import TIMEOUT, TROUBLES, Batch, Mail, MailEncryption, NotDelivered

SHOWN: Final = 50
LONGEST_SUBJECT: Final = 120
GREETED: Final = 220
LONGEST_TALK: Final = 300.0
"""Seconds for one mail: enough for a long voice message on a slow line, and an end to answers a byte at a time."""


def send(mail: Mail, batch: Batch) -> Sentence:
    """Which recipients the server would not have while it took the mail for others. Raises NotDelivered."""
    return hand_over(mail, batch.key, _message(mail, batch), list(mail.recipients))


def hand_over(mail: Mail, key: str, message: EmailMessage, recipients: list[str]) -> Sentence:
    """Gives one message to the mail server; says whom it refused if it took it for others. Raises NotDelivered."""
    try:
        with _server(mail) as server, hung_up_after(LONGEST_TALK, lambda: server.sock):
            _connect(server, mail)
            if mail.username:
                server.login(mail.username, key)
            refused = server.send_message(message, mail.sender, recipients)
    except (*TROUBLES, smtplib.SMTPException) as error:
        raise NotDelivered(f"The mail server {mail.host}:{mail.port} did not take it: {error}") from error
    return _not_reached(mail, ", ".join(refused)) if refused else ""


def _not_reached(mail: Mail, refused: str) -> Sentence:
    return f"The mail server {mail.host}:{mail.port} took it, but not for {refused}."


def _server(mail: Mail) -> smtplib.SMTP:
    """Not connected yet: whoever greets a byte at a time is to be hung up on too."""
    if mail.encryption is not MailEncryption.TLS:
        server: smtplib.SMTP = Plain(timeout=TIMEOUT)
    else:
        server = Encrypted(timeout=TIMEOUT, context=ssl.create_default_context())
    # The name that the certificate must hold; only a connecting constructor sets it.
    server._host = mail.host  # type: ignore[attr-defined]
    return server


def _connect(server: smtplib.SMTP, mail: Mail) -> None:
    """The server, proved by its certificate unless no encryption is wanted; a password never travels in the clear."""
    try:
        code, greeting = server.connect(mail.host, mail.port)
        if code != GREETED:
            raise smtplib.SMTPConnectError(code, greeting)
        if mail.encryption is MailEncryption.STARTTLS:
            server.starttls(context=ssl.create_default_context())
    except (*TROUBLES, smtplib.SMTPException):
        server.close()
        raise


def _message(mail: Mail, batch: Batch) -> EmailMessage:
    message = EmailMessage()
    message["From"] = Address("Ringfence", addr_spec=mail.sender)
    message["To"] = ", ".join(mail.recipients)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(batch.number, mail.sender.rpartition("@")[2])
    message["Subject"] = _subject(batch.bodies)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer, please
    message.set_content(_text(batch.bodies))
    return message


def _subject(bodies: list[dict[str, Any]]) -> str:
    """What a hostile name may hold does not end the header line."""
    first = " ".join(str(bodies[0]["summary"]).split())[:LONGEST_SUBJECT]
    return f"[Ringfence] {first}" if len(bodies) == 1 else f"[Ringfence] {first} and {len(bodies) - 1} more"


def _text(bodies: list[dict[str, Any]]) -> str:
    lines = [f"{body['time']}  {' '.join(str(body['summary']).split())}" for body in bodies[:SHOWN]]
    if len(bodies) > SHOWN:
        lines.append(f"... and {len(bodies) - SHOWN} more.")
    return "\n".join([*lines, "", "The portal shows the evidence under IP Blacklist and the audit log."])
