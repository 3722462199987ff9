"""The guided setup: from the one-time link to ten extensions, resumable, each step explained."""

import re
from unittest.mock import patch

import pytest
from django.test import Client

from ringfence.hosts import ports
from ringfence.portal.outbound.models import NumberPlan
from ringfence.portal.people.models import Extension, Person
from ringfence.portal.system import guide
from ringfence.portal.system.guide import ORDER, Step
from ringfence.portal.system.setup import new_setup_token
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser


@pytest.fixture
def client(guard: FakeGuard) -> Client:
    client = Client()
    form = {"token": new_setup_token(), "password": PASSWORD, "again": PASSWORD}
    assert post(client, "/setup", form)["Location"] == "/setup/guide"
    return client


def names(count: int) -> str:
    return "\n".join(f"Person {number}" for number in range(count))


def test_from_the_link_to_ten_extensions(client: Client) -> None:
    assert get(client, "/setup/guide")["Location"] == "/setup/guide/second-factor"
    for step, following in (
        (Step.SECOND_FACTOR, "certificate"),
        (Step.CERTIFICATE, "network"),
        (Step.NETWORK, "tenant"),
    ):
        assert get(client, f"/setup/guide/{step}").status_code == 200
        assert post(client, f"/setup/guide/{step}/done")["Location"] == f"/setup/guide/{following}"
    made = post(client, "/setup/guide/tenant", {"name": "Acme", "domain": "acme.example", "country": "de"})
    assert made["Location"] == "/setup/guide/extensions"
    assert NumberPlan.objects.get().country == "DE"  # 110 is known before anybody needs it
    page = post(client, "/setup/guide/extensions", {"first": "101", "names": names(10), "role": "Standard User"})
    assert re.findall(r'data-extension="(\d+)"', page.content.decode()) == [str(number) for number in range(101, 111)]
    assert Extension.objects.count() == 10
    assert all(person.must_change_password for person in Person.objects.filter(extension__isnull=False))
    assert b"45000:64999/udp" in get(client, "/setup/guide/firewall").content
    assert post(client, "/setup/guide/firewall/done")["Location"] == "/"
    assert guide.current() is None
    assert b"guided setup" not in get(client, "/").content


def test_it_is_resumed_where_it_was_left(client: Client) -> None:
    post(client, "/setup/guide/second-factor/done")
    post(client, "/sign-out")
    later = signed_in_browser()
    assert b'href="/setup/guide"' in get(later, "/").content
    assert get(later, "/setup/guide")["Location"] == "/setup/guide/certificate"


def test_going_back_loses_no_progress(client: Client) -> None:
    for step in ORDER[:3]:
        post(client, f"/setup/guide/{step}/done")
    post(client, "/setup/guide/second-factor/done")
    assert guide.current() is Step.TENANT


def test_a_refused_name_makes_no_extension_at_all(client: Client) -> None:
    post(client, "/setup/guide/tenant", {"name": "Acme", "domain": "acme.example"})
    form = {"first": "101", "names": "Ann\nBob\u200b", "role": "Standard User"}
    assert post(client, "/setup/guide/extensions", form).status_code == 422
    assert post(client, "/setup/guide/extensions", {**form, "names": names(51)}).status_code == 422
    assert Extension.objects.count() == 0


def test_twelve_people_get_twelve_numbers_and_none_that_calls_for_help(client: Client) -> None:
    """112 is never an extension: the guide went no further than the eleventh person, and made nobody at all."""
    post(client, "/setup/guide/tenant", {"name": "Acme", "domain": "acme.example"})
    page = post(client, "/setup/guide/extensions", {"first": "101", "names": names(12), "role": "Standard User"})
    made = re.findall(r'data-extension="(\d+)"', page.content.decode())
    assert made == [*(str(number) for number in range(101, 112)), "113"]


def test_passwords_on_the_sheet_work_and_are_shown_once(client: Client) -> None:
    post(client, "/setup/guide/tenant", {"name": "Acme", "domain": "acme.example"})
    page = post(client, "/setup/guide/extensions", {"first": "101", "names": "Ann", "role": "Standard User"})
    secret, password = re.findall(r'class="secret fs-5">([^<]+)<', page.content.decode())
    assert secret not in get(client, "/setup/guide/extensions").content.decode()
    assert Person.objects.get(username="101@acme.example").check_password(password)


def test_the_plan_names_every_port_of_the_table_that_is_open(client: Client) -> None:
    plan = {(row.service.ports, row.service.transport) for row in guide.firewall_plan()}
    assert (ports.RTP.ports, ports.RTP.transport) in plan
    assert "ufw allow 45000:64999/udp" in guide.firewall_commands()["ufw"]
    assert "--add-port=45000-64999/udp" in guide.firewall_commands()["firewalld"]


@pytest.mark.parametrize(("told", "asked"), [("8443", 8443), ("None", 8887), ("", 8887), ("443", 8887)])
def test_the_certificate_is_read_where_the_portal_answers(client: Client, told: str, asked: int) -> None:
    """Behind nginx there is no port of our own; what the browser claims in Host is never connected to."""
    with patch("ringfence.portal.system.guide.ssl.get_server_certificate", side_effect=OSError) as read:
        answer = client.get("/setup/guide/certificate", secure=True, SERVER_PORT=told, headers={"Host": "x.example:22"})
    assert (answer.status_code, read.call_args.args) == (200, (("127.0.0.1", asked),))


@pytest.mark.parametrize("path", ["/setup/guide", "/setup/guide/tenant", "/setup/guide/extensions"])
def test_it_belongs_to_the_system_administrator(site: Site, path: str) -> None:
    assert get(Client(), path)["Location"].startswith("/sign-in")
    assert get(signed_in_browser("100@a.example"), path).status_code == 403


def test_before_setup_no_step_answers() -> None:
    assert get(Client(), "/setup/guide/tenant").status_code == 403


def test_an_unknown_step_is_not_found(client: Client) -> None:
    assert get(client, "/setup/guide/nothing").status_code == 404
    assert post(client, "/setup/guide/nothing/done").status_code == 404


@pytest.mark.parametrize("path", ["/users/new", "/phones/new", "/outbound-rules/new", "/codes", "/time-conditions/new"])
def test_before_the_first_tenant_each_form_leads_to_it(path: str, client: Client) -> None:
    page = get(client, path).content.decode()
    assert "There is no tenant yet." in page and 'href="/tenants/new"' in page
