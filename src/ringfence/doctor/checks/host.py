"""Reference "Ports Security" (SSH, firewall), "Cloud Deployment Best Practices", and what keeps secrets secret."""

from collections.abc import Iterator
from typing import Final

from ringfence.doctor.advisories import known_bad
from ringfence.doctor.facts import Host, Relay
from ringfence.doctor.finding import Advice, Check, Severity
from ringfence.policy.sentence import Sentence

PORTS: Final = "Ports Security"
CLOUD: Final = "Cloud Deployment Best Practices"
DAY: Final = 86_400
OLDEST_BACKUP_DAYS: Final = 7
SSH_PORT: Final = 22
CAREFUL_LEARNING: Final = ("off", "heuristic")
SIP_HELPERS: Final = ("nf_conntrack_sip", "nf_nat_sip")


def ssh_port(host: Host) -> Iterator[Sentence]:
    if SSH_PORT in host.ssh.ports:
        yield "SSH listens on port 22."


def ssh_passwords(host: Host) -> Iterator[Sentence]:
    if host.ssh.ports and host.ssh.password_login:
        yield "SSH takes passwords (PasswordAuthentication yes)."


def ssh_root(host: Host) -> Iterator[Sentence]:
    if host.ssh.ports and host.ssh.root_login != "no":
        yield f"root may sign in over SSH (PermitRootLogin {host.ssh.root_login})."


def firewall(host: Host) -> Iterator[Sentence]:
    yield from () if host.firewall_disabled else host.firewall


def firewall_disabled(host: Host) -> Iterator[Sentence]:
    if host.firewall_disabled and not host.place.provider:
        yield "The host firewall was disabled, and this machine is in no known cloud."


def readable(host: Host) -> Iterator[Sentence]:
    for path in host.readable:
        yield f"{path} can be read by everybody on this machine."


def backup(host: Host) -> Iterator[Sentence]:
    if host.backup_at is None:
        yield "There is no backup."
    elif host.now - host.backup_at > OLDEST_BACKUP_DAYS * DAY:
        yield f"The last backup is {int((host.now - host.backup_at) // DAY)} days old."


def parts(host: Host) -> Iterator[Sentence]:
    for part in host.failing:
        if part.reason:
            yield f"{part.name} does not start ({part.times} times in a row). Its last words: {part.reason}."
        else:
            yield f"{part.name} does not start ({part.times} times in a row) and says nothing."


def disk(host: Host) -> Iterator[Sentence]:
    if host.little_room is not None:
        yield f"Only {host.little_room} MiB are free where everything is kept."
    if host.few_files is not None:
        yield f"Only {host.few_files} more files fit where everything is kept."


def clock(host: Host) -> Iterator[Sentence]:
    if host.clock_synchronised is False:
        yield "The kernel's clock is not synchronised with a time server."


def engines(host: Host) -> Iterator[Sentence]:
    for product, version in sorted(host.versions.items()):
        for advisory in known_bad(product, version):
            if not advisory.held:
                yield f"{product} {version} has {advisory.cve}: {advisory.about}; fixed in {advisory.fixed}."
            elif missing := tuple(_missing(host.relay)):
                yield f"{product} {version} has {advisory.cve}: {advisory.about}; fixed in {advisory.fixed}."
                yield from missing


def _missing(relay: Relay) -> Iterator[Sentence]:
    """What shall stand before a relay that learns where phones are, and does not."""
    if not relay.strangers_out:
        yield "The kernel lets everybody send to the media ports."
    if relay.learning not in CAREFUL_LEARNING:
        yield "The media relay takes the first packet for the phone's (endpoint-learning)."
    if not relay.proves_srtp:
        yield "The media relay passes SRTP between two phones without looking at its proof."


def engines_held(host: Host) -> Iterator[Sentence]:
    for product, version in sorted(host.versions.items()):
        for advisory in known_bad(product, version):
            if advisory.held and not tuple(_missing(host.relay)):
                yield (
                    f"{product} {version} has {advisory.cve}; strangers are kept from the media ports, SRTP is proved"
                    f" packet by packet; left are registered phones and parties of calls. Fixed in {advisory.fixed}."
                )


def sip_helper(host: Host) -> Iterator[Sentence]:
    for name in SIP_HELPERS:
        if name in host.modules:
            yield f"The kernel module {name} is loaded; it rewrites SIP and parses it carelessly (CVE-2026-23457)."


def address_not_static(host: Host) -> Iterator[Sentence]:
    place = host.place
    if place.provider and place.public and place.static is False:
        yield f"{place.provider}: the public address {place.public} is not static; it changes when the machine stops."
    elif place.provider and place.public and place.static is None:
        yield f"{place.provider} does not tell whether the public address {place.public} is static."


def address_not_advertised(host: Host) -> Iterator[Sentence]:
    place = host.place
    if place.provider and place.public and place.public not in (place.private, place.advertised):
        told = place.advertised or place.private
        yield f"Phones are told {told}, which is not reached from the Internet; the public address is {place.public}."


def directly_exposed(host: Host) -> Iterator[Sentence]:
    place = host.place
    if place.provider and place.public and place.private == place.public:
        yield f"{place.provider}: the machine itself holds {place.public}; it is in no private network."


CHECKS: Final = (
    Check(
        "host.ssh_port", Severity.LOW, "SSH is on port 22", PORTS,
        "Move SSH from 22 to another port, such as 10210: fewer robots knock there.",
        Advice("The old port stays open until a login over the new one is proved.", "ringfence ssh-port 10210"),
        of_host=ssh_port,
    ),
    Check(
        "host.ssh_passwords", Severity.HIGH, "SSH takes passwords", PORTS,
        "Brute force against SSH is the most common of all attacks; keys cannot be guessed.",
        Advice("Set PasswordAuthentication no, after your key is installed.",
               "ringfence ssh-port --harden"), of_host=ssh_passwords,
    ),
    Check(
        "host.ssh_root", Severity.MEDIUM, "root may sign in over SSH", PORTS,
        "The one name that every machine knows should not be one to sign in with.",
        Advice("Set PermitRootLogin no; sign in as yourself and use sudo.", "ringfence ssh-port --harden --no-root"),
        of_host=ssh_root,
    ),
    Check(
        "host.firewall", Severity.HIGH, "The firewall plan is not in force", PORTS,
        "Block all ports but those that are needed.",
        Advice("Put the plan in force, and confirm it from a new connection.", "ringfence firewall apply", "/firewall"),
        of_host=firewall,
    ),
    Check(
        "host.firewall_disabled", Severity.CRITICAL, "The host firewall is disabled outside a cloud",
        "Ambiguities and Safety Fixes",
        "Never disable the firewall of a machine on your own premises: it is often the first protection.",
        Advice("Put the plan in force again.", "ringfence firewall apply", "/firewall"), of_host=firewall_disabled,
    ),
    Check(
        "host.readable_secrets", Severity.CRITICAL, "Secrets that everybody may read", "Password and Login Security",
        "Keys and databases belong to the part that needs them, and to nobody else.",
        Advice("Take the right to read from others.", "ringfence doctor --fix host.readable_secrets"),
        of_host=readable,
    ),
    Check(
        "host.backup", Severity.MEDIUM, "No recent backup", "PortSIP Security Features (introduction)",
        "Operating securely means to be able to come back.",
        Advice("Make a backup, and make one each day.", "ringfence backup", "/backups"), of_host=backup,
    ),
    Check(
        "host.parts", Severity.HIGH, "A part that does not start", "SIP and TCP/IP Security (Anti-Hacking)",
        "While a part is away nobody does its work: no calls, no bans, or nobody who is told.",
        Advice("Mend what its last words name; it is tried again every few seconds.", "ringfence status"),
        of_host=parts,
    ),
    Check(
        "host.disk", Severity.HIGH, "The disk is nearly full", "SIP and TCP/IP Security (Anti-Hacking)",
        "On a full disk nothing can be changed, recorded or kept, and in the end no attack is seen.",
        Advice("Delete old recordings, messages and backups, or enlarge the disk.", page="/kept-data"), of_host=disk,
    ),
    Check(
        "host.clock", Severity.MEDIUM, "The clock is not synchronised", "Office Hours for Outbound Rules",
        "Office hours, certificates, one-time codes and logs are worth what the clock is worth.",
        Advice("Install chrony or systemd-timesyncd.", "timedatectl set-ntp true"), of_host=clock,
    ),
    Check(
        "host.engines", Severity.HIGH, "Engines with known vulnerabilities", "SIP and TCP/IP Security (Anti-Hacking)",
        "An engine that a message can crash needs no flood.",
        Advice("Install the security updates of the distribution.", "apt-get update && apt-get upgrade"),
        of_host=engines,
    ),
    Check(
        "host.engines_held", Severity.LOW, "A vulnerability that something else stands before",
        "SRTP and DTLS-SRTP for Audio and Video",
        "What keeps strangers out does not mend an engine; the mended version is still to be installed.",
        Advice("Install it as soon as the distribution has it; until then require SRTP where phones can.",
               "apt-get update && apt-get upgrade"),
        of_host=engines_held,
    ),
    Check(
        "host.sip_helper", Severity.MEDIUM, "The kernel meddles with SIP", PORTS,
        "A firewall that rewrites SIP breaks calls and opens holes.",
        Advice("Keep the module from being loaded.", "modprobe -r nf_nat_sip nf_conntrack_sip"), of_host=sip_helper,
    ),
    Check(
        "cloud.address_not_static", Severity.MEDIUM, "The public address may change", CLOUD,
        "Assign a static public address: an Elastic IP, a Static public IP, a static external IP.",
        Advice("Reserve the address at the provider, and assign it to this machine."), of_host=address_not_static,
    ),
    Check(
        "cloud.address_not_advertised", Severity.MEDIUM, "Phones are told an address they cannot reach", CLOUD,
        "Users reach a machine in a private network through its public address.",
        Advice("Advertise the public address in SIP and SDP.", "ringfence public-address auto"),
        of_host=address_not_advertised,
    ),
    Check(
        "cloud.directly_exposed", Severity.MEDIUM, "The machine is in no private network", CLOUD,
        "Use a private network (VPC, VNet), so that the machine is not directly on the Internet.",
        Advice("Move the machine into a private network of the provider."), of_host=directly_exposed,
    ),
)  # fmt: skip
