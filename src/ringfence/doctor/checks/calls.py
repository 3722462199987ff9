"""Reference "Trunk Security", "Call Control and Fraud Prevention", "SRTP and DTLS-SRTP"."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from ringfence.doctor.facts import Settings
from ringfence.doctor.finding import Advice, Check, Severity
from ringfence.policy.sentence import Sentence

TRUNKS: Final = "Trunk Security"
FRAUD: Final = "Call Control and Fraud Prevention"
MEDIA: Final = "Transport Security"
NARROW: Final = {4: 25, 6: 64}
"""Providers name single addresses or small ranges; a whole /24 holds others too."""

MOST_COUNTRIES: Final = 40


def open_trunks(facts: Settings) -> Iterator[Sentence]:
    for trunk in facts.trunks:
        if trunk.kind != "address":
            continue
        if not trunk.sources and not trunk.has_hosts:
            yield f"The trunk {trunk.name} names no address that its calls may come from."
        for source in trunk.sources:
            network = ip_network(source, strict=False)
            if network.prefixlen < NARROW[network.version]:
                yield f"The trunk {trunk.name} takes calls from all {network.num_addresses:,} addresses of {source}."


def trunk_limits(facts: Settings) -> Iterator[Sentence]:
    for trunk in facts.trunks:
        if trunk.max_calls is None:
            yield f"The trunk {trunk.name} carries any number of calls at a time."


def plain_trunks(facts: Settings) -> Iterator[Sentence]:
    for trunk in facts.trunks:
        if trunk.transport != "tls":
            yield f"Signalling of the trunk {trunk.name} goes over {trunk.transport.upper()} in clear text."
        if trunk.encryption == "off":
            yield f"Audio of the trunk {trunk.name} is not encrypted."


def tenant_limits(facts: Settings) -> Iterator[Sentence]:
    for tenant in facts.tenants:
        if tenant.max_calls is None:
            yield f"{tenant.name} may have any number of calls at a time."


def budgets(facts: Settings) -> Iterator[Sentence]:
    for budget in facts.budgets:
        if not budget.enabled:
            yield f"The budget {budget.owner} is switched off."
        elif not budget.limits:
            yield f"The budget {budget.owner} limits nothing."


def rules_abroad(facts: Settings) -> Iterator[Sentence]:
    """A rule for everybody is open to Standard Users as far as the rule is concerned: one changed role is enough."""
    for rule in facts.rules:
        if not rule.international:
            continue
        if rule.lesser_roles:
            roles = ", ".join(rule.lesser_roles)
            yield f"The rule {rule.name} of {rule.tenant} takes calls abroad and names the role {roles}."
        elif not rule.restricted:
            yield f"The rule {rule.name} of {rule.tenant} takes calls abroad and names no role, group or extension."


def rules_hours(facts: Settings) -> Iterator[Sentence]:
    for rule in facts.rules:
        if rule.international and rule.always:
            yield f"The rule {rule.name} of {rule.tenant} takes calls abroad at night and on holidays."


def countries(facts: Settings) -> Iterator[Sentence]:
    for tenant in facts.tenants:
        if tenant.countries > MOST_COUNTRIES:
            yield f"{tenant.name} may call {tenant.countries} countries."


def costly_numbers(facts: Settings) -> Iterator[Sentence]:
    for tenant in facts.tenants:
        if tenant.costly:
            yield f"{tenant.name} may call {', '.join(tenant.costly)} numbers."


def media(facts: Settings) -> Iterator[Sentence]:
    for tenant in facts.tenants:
        if tenant.media == "off":
            yield f"Audio and video of {tenant.name} are never encrypted."


CHECKS: Final = (
    Check(
        "trunks.open_addresses", Severity.HIGH, "IP-based trunks without an address limit", TRUNKS,
        "An IP-based trunk is safe only while it trusts nothing but the known addresses of its provider.",
        Advice("Name the provider's addresses, as narrow as the provider gives them.", page="/trunks"), open_trunks,
    ),
    Check(
        "trunks.concurrent_calls", Severity.HIGH, "Trunks without a limit of concurrent calls", FRAUD,
        "Limit the calls at a time of a trunk, for all and for each tenant: what exceeds it is rejected.",
        Advice("Set the number of calls that you pay for.", page="/trunks"), trunk_limits,
    ),
    Check(
        "trunks.plain", Severity.MEDIUM, "Trunks without TLS or SRTP", TRUNKS,
        "Whichever way a trunk proves itself, protect its signalling and media.",
        Advice("Use TLS and SRTP where the provider offers them.", page="/trunks"), plain_trunks,
    ),
    Check(
        "calls.media_plain", Severity.HIGH, "Media encryption is switched off", MEDIA,
        "SRTP and DTLS-SRTP protect audio and video with AES.",
        Advice("Permit or require media encryption in the tenant.", page="/tenants"), media,
    ),
    Check(
        "calls.tenant_limits", Severity.MEDIUM, "Tenants without a limit of concurrent calls", FRAUD,
        "Limit the calls at a time of each tenant.",
        Advice("Set a limit that the tenant's busy hour fits into.", page="/tenants"), tenant_limits,
    ),
    Check(
        "calls.budgets", Severity.HIGH, "Budgets that are switched off", FRAUD,
        "Limits keep fraud from becoming expensive.",
        Advice("Switch the budget on, and give it limits.", page="/budgets"), budgets,
    ),
    Check(
        "calls.rules_abroad", Severity.HIGH, "Outbound rules that let anybody call abroad", FRAUD,
        "Make separate rules for calls abroad, and keep them for the Standard International User.",
        Advice("Name the roles or groups of the rule.", page="/outbound-rules"), rules_abroad,
    ),
    Check(
        "calls.rules_hours", Severity.MEDIUM, "International rules without office hours", FRAUD,
        "Give outbound rules office hours: outside of them the rule carries no call.",
        Advice("Choose office hours for the rule.", page="/outbound-rules"), rules_hours,
    ),
    Check(
        "calls.countries", Severity.MEDIUM, "Country codes are allowed broadly", FRAUD,
        "Allow the country codes that are needed, and disallow others.",
        Advice("Take off the countries that nobody calls.", page="/codes"), countries,
    ),
    Check(
        "calls.costly_numbers", Severity.MEDIUM, "Costly classes of numbers are permitted", FRAUD,
        "Block what can be blocked by prefix and code.",
        Advice("Switch the class off, or make a rule for those who need it.", page="/codes"), costly_numbers,
    ),
)  # fmt: skip
