"""Schemathesis reads the API description and sends what it permits and what it forbids, to every operation.

Not asked: that everything the description permits is accepted, because rules such as "a domain is a host name that is
free" are in no schema; and nothing that ends the caller's own token or password.
"""

from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ringfence.portal.rest.rates import RATES
from tests.unit.portal.rest import Site
from tests.unit.portal.test_every_operation import PREFIX, Operation, case, description, operations, populate

LEFT_OUT = {"setup", "auth/token"}
ALTOGETHER = 2000
"""What is sent, however many operations there are: about two minutes on two cores, one after the other."""

EXAMPLES = max(4, ALTOGETHER // (2 * sum(1 for _ in operations())))

CONFIG = schemathesis.Config.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": ["4xx", "503"]}}}  # a body may also be too large (413)
)


def checks() -> list[Any]:
    return [check for check in CHECKS.get_all() if check is not positive_data_acceptance]


def without_headers() -> dict[str, Any]:
    """Idempotency-Key and If-Match are judged before the body; `unit/portal/test_contract.py` is about them."""
    found = deepcopy(description())
    for methods in found["paths"].values():
        for about in methods.values():
            about["parameters"] = [item for item in about.get("parameters", ()) if item["in"] != "header"]
    return found


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("item", [case(item) for item in operations() if item.path not in LEFT_OUT])
def test_every_operation_keeps_its_description(site: Site, item: Operation, mode: str) -> None:
    populate(site)
    schema = schemathesis.openapi.from_dict(without_headers(), config=CONFIG)
    schema.app = get_wsgi_application()
    described = schema[PREFIX + item.path][item.method.lower()]
    modes = schemathesis.GenerationMode(mode)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sent=described.as_strategy(generation_mode=modes))
    def keeps(sent: Any) -> None:
        RATES.forget()
        sent.call_and_validate(headers={"Authorization": f"Bearer {site.admin.token}"}, checks=checks())

    keeps()
