"""Reference "Password and Login Security", "Login Security Controls"."""

from collections.abc import Iterator
from typing import Final

from ringfence.doctor.facts import Settings
from ringfence.doctor.finding import Advice, Check, Severity
from ringfence.policy.sentence import Sentence

PASSWORDS: Final = "Password and Login Security"
LOGIN: Final = "Login Security Controls"
STALE_DAYS: Final = 365
LONGEST_TOKEN_DAYS: Final = 366
UNUSED_DAYS: Final = 90
LONGEST_SESSION: Final = 24 * 3600
LONGEST_IDLE: Final = 4 * 3600
MOST_FAILURES: Final = 20
SHORTEST_BLOCK: Final = 300
WELL_KNOWN_NAMES: Final = ("admin", "administrator", "root")


def administrators_without_factor(facts: Settings) -> Iterator[Sentence]:
    for person in facts.administrators:
        if not person.second_factor and person.above_tenants:
            yield f"{person.username} administers the system with a password alone."
        elif not person.second_factor:
            yield f"{person.username} administers a tenant with a password alone."


def well_known_name(facts: Settings) -> Iterator[Sentence]:
    for person in facts.administrators:
        if person.above_tenants and person.username in WELL_KNOWN_NAMES and not person.second_factor:
            yield f"Everybody knows the name {person.username!r}, and nothing but a password stands behind it."


def factor_not_required(facts: Settings) -> Iterator[Sentence]:
    if not facts.security.web_second_factor_required:
        yield "System administrators and operators do not have to set up a second factor."
    for rules in facts.sign_in:
        if rules.tenant and rules.second_factor == "nobody":
            yield f"Nobody of {rules.tenant} has to have a second factor, not even its administrators."


def users_without_factor(facts: Settings) -> Iterator[Sentence]:
    open_tenants = [rules.tenant for rules in facts.sign_in if rules.tenant and rules.second_factor != "everybody"]
    if facts.without_factor and open_tenants:
        tenants = ", ".join(open_tenants[:5])
        yield f"{facts.without_factor} users have no second factor, and need none: {tenants}."


def password_rules(facts: Settings) -> Iterator[Sentence]:
    for rules in facts.sign_in:
        if rules.missing and rules.tenant:
            yield f"Password rules of {rules.tenant} that are off: {', '.join(rules.missing)}."
        elif rules.missing:
            yield f"Password rules of system administrators that are off: {', '.join(rules.missing)}."


def common_passwords(facts: Settings) -> Iterator[Sentence]:
    for rules in facts.sign_in:
        if "common" in rules.missing and rules.tenant:
            yield f"Well-known and breached passwords are accepted in {rules.tenant}."
        elif "common" in rules.missing:
            yield "Well-known and breached passwords are accepted for system administrators."


def login_protection(facts: Settings) -> Iterator[Sentence]:
    values = facts.security
    if not values.web_login_enabled:
        yield "Failed sign-ins are not counted: passwords can be guessed without an end."
    elif values.web_failed_login_limit > MOST_FAILURES:
        yield f"{values.web_failed_login_limit} wrong passwords are allowed before an address is blocked."
    if values.web_login_enabled and values.web_login_block < SHORTEST_BLOCK:
        yield f"An address is blocked for {values.web_login_block} seconds only."


def first_password(facts: Settings) -> Iterator[Sentence]:
    if not facts.security.web_change_first_password:
        yield "New users keep the password that somebody else chose for them."


def first_password_unchanged(facts: Settings) -> Iterator[Sentence]:
    for username in facts.first_passwords:
        yield f"{username} has not changed the first password yet."


def sessions(facts: Settings) -> Iterator[Sentence]:
    if facts.security.web_session_lifetime > LONGEST_SESSION:
        yield f"A session lasts up to {facts.security.web_session_lifetime // 3600} hours."
    if facts.security.web_idle_timeout > LONGEST_IDLE:
        yield f"An unused session stays open for {facts.security.web_idle_timeout // 3600} hours."


def tokens(facts: Settings) -> Iterator[Sentence]:
    for token in facts.tokens:
        name = repr(token.name) if token.name else "–"
        if token.days_left > LONGEST_TOKEN_DAYS:
            yield f"The token {name} of {token.owner} works for another {token.days_left} days."
        elif token.days_unused > UNUSED_DAYS:
            yield f"The token {name} of {token.owner} was not used for {token.days_unused} days."


def weak_secrets(facts: Settings) -> Iterator[Sentence]:
    for secret in facts.secrets:
        if not secret.generated:
            yield f"The SIP secret of {secret.aor} was chosen by a person."


def stale_secrets(facts: Settings) -> Iterator[Sentence]:
    for secret in facts.secrets:
        if secret.days > STALE_DAYS:
            yield f"The SIP secret of {secret.aor} is {secret.days} days old."


CHECKS: Final = (
    Check(
        "people.administrators_second_factor", Severity.CRITICAL, "Administrators without a second factor", LOGIN,
        "Two-step sign-in is part of the login protection; whoever administers comes first.",
        Advice("Each of them sets up a passkey or an authenticator app under Two-Step Sign-in.", page="/my/two-step"),
        administrators_without_factor,
    ),
    Check(
        "people.well_known_name", Severity.HIGH, "A well-known administrator name without a second factor", PASSWORDS,
        "The usual administrator account is the first that is tried, so its password must not be all there is.",
        Advice("Set up a second factor for this account.", page="/my/two-step"), well_known_name,
    ),
    Check(
        "people.second_factor_not_required", Severity.HIGH, "No rule asks administrators for a second factor", LOGIN,
        "Switch on two-step sign-in.",
        Advice("Require it of system administrators, and in each tenant of administrators or everybody.",
               page="/security/web-login"), factor_not_required,
    ),
    Check(
        "people.users_second_factor", Severity.LOW, "Users without a second factor", LOGIN,
        "Two-step sign-in can be switched on for extension users.",
        Advice("Set the tenant's rule to everybody.", page="/password-policy"), users_without_factor,
    ),
    Check(
        "people.password_rules", Severity.HIGH, "Password rules are switched off", PASSWORDS,
        "A password has a letter, a number, an uppercase letter or a sign, no sequence, no repetition, no account "
        "information and 8 to 32 characters.",
        Advice("Switch the rules on again, or choose a ready-made policy.", page="/password-policy"), password_rules,
    ),
    Check(
        "people.common_passwords", Severity.HIGH, "Breached passwords are accepted", PASSWORDS,
        "Passwords must be hard to guess; those on the lists of attackers are guessed first.",
        Advice("Switch on the rule against well-known passwords.", page="/password-policy"), common_passwords,
    ),
    Check(
        "people.login_protection", Severity.CRITICAL, "Password guessing at the portal is not stopped", LOGIN,
        "Set a maximum of failed sign-ins, and block the address that exceeds it for a time.",
        Advice("Switch the protection on, with at most 20 failures and a block of five minutes or more.",
               page="/security/web-login"), login_protection,
    ),
    Check(
        "people.first_password", Severity.MEDIUM, "First passwords need not be changed", LOGIN,
        "New users change the password they were given at their first sign-in.",
        Advice("Switch on the change at first login.", page="/security/web-login"), first_password,
    ),
    Check(
        "people.first_password_unchanged", Severity.LOW, "Administrators still have their first password", PASSWORDS,
        "Tenant administrators change both passwords after their first sign-in.",
        Advice("Ask them to sign in, or switch the account off.", page="/users"), first_password_unchanged,
    ),
    Check(
        "people.sessions", Severity.LOW, "Sessions last too long", LOGIN,
        "Login protection is worth little on a browser that somebody left open.",
        Advice("Let sessions end after a day and when nobody uses them for some hours.", page="/security/web-login"),
        sessions,
    ),
    Check(
        "people.tokens", Severity.LOW, "Tokens that live long or are not used", PASSWORDS,
        "A credential that nobody uses or renews is one to be stolen.",
        Advice("Revoke the token; make a new one with an end and a scope.", page="/my/tokens"), tokens,
    ),
    Check(
        "people.weak_secrets", Severity.HIGH, "SIP secrets that were chosen by people", PASSWORDS,
        "SIP passwords follow the same strict rules; guessed ones are what toll fraud lives on.",
        Advice("Let the system generate a new secret for each of them.", page="/users"), weak_secrets,
    ),
    Check(
        "people.stale_secrets", Severity.MEDIUM, "SIP secrets older than a year", PASSWORDS,
        "Passwords are to be changed, the SIP password like the portal's.",
        Advice("Generate new secrets; phones that are provisioned fetch them by themselves.", page="/users"),
        stale_secrets,
    ),
)  # fmt: skip
