"""A hardened system as facts, and one weakness for each check."""

from dataclasses import replace
from typing import Any

from ringfence.doctor import facts
from ringfence.doctor.facts import Facts, Host, Settings
from ringfence.policy.settings import SecuritySettings

NOW = 1_800_000_000.0
DAY = 86_400

SETTINGS = Settings(
    security=SecuritySettings(web_second_factor_required=True),
    transports=(facts.Transport("tls", 15061), facts.Transport("wss", 15065)),
    web=facts.Web(False, False, False, facts.Certificate(False, 200, ("pbx.example",))),
    reach=facts.Reach(("192.0.2.0/24",), ("192.0.2.0/24",), ("192.0.2.0/24",)),
    administrator_networks=("192.0.2.0/24",),
    wide_entries=("198.51.100.0/23",),
    blocked_user_agents=15,
    administrators=(facts.Administrator("admin", True, True), facts.Administrator("100@acme.example", False, True)),
    without_factor=3,
    sign_in=(facts.SignIn("", "nobody"), facts.SignIn("Acme", "everybody")),
    trunks=(facts.Trunk("Carrier", "address", "tls", "required", ("203.0.113.0/28",), False, 10),),
    budgets=(facts.Budget("tenant", True, 4),),
    tenants=(facts.Tenant("Acme", 30, "DE", 3),),
    rules=(
        facts.Rule("Acme", "Abroad", ("international",), True, (), False),
        facts.Rule("Acme", "Home", ("national",), False),
    ),
    tokens=(facts.Token("admin", "backup", 30, 2),),
)  # fmt: skip
HOST = Host(
    now=NOW,
    ssh=facts.Ssh((10210,), False, "no"),
    versions={"kamailio": "6.0.1-1+deb13u2", "rtpengine": "13.5.1.13-1", "nginx": "1.26.3-3+deb13u11"},
    backup_at=NOW - DAY,
    clock_synchronised=True,
    modules=("nf_tables",),
    place=facts.Place("aws", "10.0.0.5", "203.0.113.9", True, "203.0.113.9"),
)
HARDENED = Facts(SETTINGS, HOST)


def settings(**values: Any) -> Facts:
    return Facts(replace(SETTINGS, **values), HOST)


def security(**values: Any) -> Facts:
    return settings(security=replace(SETTINGS.security, **values))


def web(**values: Any) -> Facts:
    assert SETTINGS.web is not None
    return settings(web=replace(SETTINGS.web, **values))


def certificate(self_signed: bool, days_left: float, lifetime_days: float = 365.0) -> Facts:
    return web(certificate=facts.Certificate(self_signed, days_left, ("pbx.example",), "", lifetime_days))


def trunk(**values: Any) -> Facts:
    return settings(trunks=(replace(SETTINGS.trunks[0], **values),))


def rule(**values: Any) -> Facts:
    return settings(rules=(replace(SETTINGS.rules[0], **values),))


def tenant(**values: Any) -> Facts:
    return settings(tenants=(replace(SETTINGS.tenants[0], **values),))


def host(**values: Any) -> Facts:
    return Facts(SETTINGS, replace(HOST, **values))


def place(**values: Any) -> Facts:
    return host(place=replace(HOST.place, **values))


OLD = (facts.Secret("101@acme.example", 400, True),)
TYPED = (facts.Secret("101@acme.example", 3, False),)

PLANTED: dict[str, list[Facts]] = {
    "people.administrators_second_factor": [settings(administrators=(facts.Administrator("100@a", False, False),))],
    "people.well_known_name": [settings(administrators=(facts.Administrator("admin", True, False),))],
    "people.second_factor_not_required": [
        security(web_second_factor_required=False),
        settings(sign_in=(facts.SignIn("Acme", "nobody"),)),
    ],
    "people.users_second_factor": [settings(sign_in=(facts.SignIn("Acme", "administrators"),))],
    "people.password_rules": [settings(sign_in=(facts.SignIn("Acme", "everybody", ("sequence",)),))],
    "people.common_passwords": [settings(sign_in=(facts.SignIn("Acme", "everybody", ("common",)),))],
    "people.login_protection": [
        security(web_login_enabled=False),
        security(web_failed_login_limit=500),
        security(web_login_block=1),
    ],
    "people.first_password": [security(web_change_first_password=False)],
    "people.first_password_unchanged": [settings(first_passwords=("100@acme.example",))],
    "people.sessions": [security(web_session_lifetime=30 * DAY), security(web_idle_timeout=DAY)],
    "people.tokens": [
        settings(tokens=(facts.Token("admin", "", 4000, 1),)),
        settings(tokens=(facts.Token("admin", "ci", 20, 200),)),
    ],
    "people.weak_secrets": [settings(secrets=TYPED)],
    "people.stale_secrets": [settings(secrets=OLD)],
    "sip.default_ports": [settings(transports=(facts.Transport("tls", 5061),))],
    "sip.no_tls": [settings(transports=(facts.Transport("wss", 15065),))],
    "sip.plain": [
        settings(transports=(facts.Transport("udp", 15060), facts.Transport("tls", 15061)), reach=facts.Reach())
    ],
    "hacking.protections_off": [security(level_1_enabled=False), security(failed_authentication_enabled=False)],
    "hacking.thresholds": [
        security(failed_authentication_limit=5_000),
        security(level_1_packets=3_000),
        security(level_1_packets=900_000, level_2_packets=1_000_000),
        security(failed_authentication_block=1),
    ],
    "hacking.user_agents": [security(blocked_user_agents_enabled=False), settings(blocked_user_agents=0)],
    "hacking.wide_allow_entries": [settings(wide_entries=("0.0.0.0/1",)), settings(wide_entries=("10.0.0.0/8",))],
    "hacking.audit_kept": [security(web_audit_retention=7)],
    "web.redirects": [web(redirect_80=True), web(redirect_443=True)],
    "web.plain_http": [web(provisioning_http=True)],
    "web.certificate_self_signed": [certificate(True, 300)],
    "web.certificate_expiring": [certificate(False, 5), certificate(False, -1), certificate(False, 0.9, 6.0)],
    "web.order_failed": [settings(order_failed=True)],
    "web.open_administration": [settings(administrator_networks=()), settings(administrator_networks=("0.0.0.0/0",))],
    "web.exposed_portal": [settings(reach=facts.Reach(phones=("192.0.2.0/24",)))],
    "trunks.open_addresses": [trunk(sources=()), trunk(sources=("0.0.0.0/1",))],
    "trunks.concurrent_calls": [trunk(max_calls=None)],
    "trunks.plain": [trunk(transport="udp"), trunk(encryption="off")],
    "calls.media_plain": [tenant(media="off")],
    "calls.tenant_limits": [tenant(max_calls=None)],
    "calls.budgets": [
        settings(budgets=(facts.Budget("extension:101@acme.example", False, 4),)),
        settings(budgets=(facts.Budget("tenant", True, 0),)),
    ],
    "calls.rules_abroad": [
        rule(lesser_roles=("Standard User",)),
        rule(restricted=False),
        rule(reaches=(), restricted=False),
    ],
    "calls.rules_hours": [rule(always=True)],
    "calls.countries": [tenant(countries=200)],
    "calls.costly_numbers": [tenant(costly=("premium",))],
    "host.ssh_port": [host(ssh=facts.Ssh((22, 10210), False, "no"))],
    "host.ssh_passwords": [host(ssh=facts.Ssh((10210,), True, "no"))],
    "host.ssh_root": [host(ssh=facts.Ssh((10210,), False, "prohibit-password"))],
    "host.firewall": [host(firewall=("No firewall is active on this host.",))],
    "host.firewall_disabled": [host(firewall_disabled=True, place=facts.Place())],
    "host.readable_secrets": [host(readable=("/var/lib/ringfence/secrets/seal.key",))],
    "host.backup": [host(backup_at=None), host(backup_at=NOW - 30 * DAY)],
    "host.parts": [
        host(failing=(facts.Failing("core", 3, "bind: Address already in use"),)),
        host(failing=(facts.Failing("core", 1, ""),)),
    ],
    "host.disk": [host(little_room=0), host(little_room=900), host(few_files=0)],
    "host.clock": [host(clock_synchronised=False)],
    "host.engines": [
        host(versions={"kamailio": "5.3.2-1"}),
        host(versions={"nginx": "1.18.0-6"}),
        host(versions={"rtpengine": "11.5.1.6"}),
        host(versions={"rtpengine": "12.5.1.31-1"}, relay=facts.Relay("heuristic", True, False)),
        host(versions={"rtpengine": "12.5.1.31-1"}, relay=facts.Relay("immediate", True, True)),
        host(versions={"rtpengine": "12.5.1.31-1"}, relay=facts.Relay("heuristic", False, True)),
    ],
    "host.engines_held": [
        host(versions={"rtpengine": "12.5.1.31-1"}, relay=facts.Relay("heuristic", True, True)),
    ],
    "host.sip_helper": [host(modules=("nf_conntrack_sip",))],
    "network.address_gone": [host(addresses_gone=("192.0.2.10",))],
    "network.link_gone": [host(voice_links_gone=("eth0.42",))],
    "network.no_marks": [host(unmarked=("signalling",)), host(unmarked=("audio and video",))],
    "cloud.address_not_static": [place(static=False), place(static=None)],
    "cloud.address_not_advertised": [place(advertised="10.0.0.5")],
    "cloud.directly_exposed": [place(private="203.0.113.9")],
}  # fmt: skip
