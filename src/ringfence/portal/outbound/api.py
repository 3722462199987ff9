"""REST: number plan, codes, emergency numbers, office hours, outbound rules and why a call takes which."""

from typing import Any

from ninja import Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.outbound import changes, explaining, metadata
from ringfence.portal.outbound.bodies import (
    CodeIn,
    CodeOut,
    CodePage,
    CountryIn,
    CountryOut,
    CountryPage,
    EmergencyIn,
    EmergencyOut,
    EmergencyPage,
    ExplainIn,
    ExplainOut,
    HoursIn,
    HoursOut,
    HoursPage,
    HoursPatch,
    NumberPlanOut,
    NumberPlanPatch,
    RuleIn,
    RuleOut,
    RulePage,
    RulePatch,
)
from ringfence.portal.outbound.compiling import plan_row
from ringfence.portal.outbound.models import (
    AllowedCountry,
    DisallowedCode,
    EmergencyNumber,
    OfficeHours,
    OutboundRule,
)
from ringfence.portal.outbound.wishes import HoursWish, PlanWish, RuleWish
from ringfence.portal.paging import PageQuery, RowId, of_tenant, one_of, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.tenants.api import tenant_of

router = Router()


def plan_shown(row: Any) -> dict[str, Any]:
    return {
        "tenant_id": row.tenant_id,
        **changes.plan_facts(row),
        "calling_code": metadata.calling_code_of(row.country) if row.country else "",
        "emergency_numbers": list(metadata.emergency_numbers(row.country)),
    }


def shown(row: Any) -> dict[str, Any]:
    return {"id": row.pk, "tenant_id": row.tenant_id, **changes.row_facts(row)}


def country_shown(row: AllowedCountry) -> dict[str, Any]:
    return {**shown(row), "calling_code": metadata.calling_code_of(row.country)}


def hours_shown(row: OfficeHours) -> dict[str, Any]:
    return {**shown(row), "spans": [dict(zip(("weekday", "start", "end"), span, strict=True)) for span in row.spans]}


def row_of(request: ApiRequest, model: Any, row_id: int) -> Any:
    """The row if the actor may see it. Raises NotFound."""
    return one_of(model.objects.visible_to(request.auth).select_related("tenant"), row_id)


def _listed(request: ApiRequest, model: Any, page: Any, tenant_id: int | None, show: Any) -> dict[str, Any]:
    found = model.objects.visible_to(request.auth)
    return rows(of_tenant(found, tenant_id), page, show)


@router.get("tenants/{int:tenant_id}/number-plan", response=NumberPlanOut)
@needs(Permission.OUTBOUND_READ)
def show_number_plan(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return plan_shown(plan_row(tenant_of(request.auth, tenant_id)))


@router.patch("tenants/{int:tenant_id}/number-plan", response=NumberPlanOut)
@needs(Permission.OUTBOUND_WRITE)
def change_number_plan(request: ApiRequest, tenant_id: RowId, payload: NumberPlanPatch) -> dict[str, Any]:
    tenant = tenant_of(request.auth, tenant_id)
    given = {**changes.plan_facts(plan_row(tenant)), **_given(payload)}
    return plan_shown(changes.set_plan(request.auth, tenant, PlanWish(**given)))


@router.get("allowed-country-codes", response=CountryPage)
@needs(Permission.OUTBOUND_READ)
def list_allowed_countries(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    return _listed(request, AllowedCountry, page, tenant_id, country_shown)


@router.post("allowed-country-codes", response={201: CountryOut})
@needs(Permission.OUTBOUND_WRITE)
def allow_country(request: ApiRequest, payload: CountryIn) -> Status[Any]:
    return Status(201, country_shown(changes.allow_country(request.auth, payload.tenant_id, payload.country)))


@router.get("allowed-country-codes/{int:row_id}", response=CountryOut)
@needs(Permission.OUTBOUND_READ)
def show_allowed_country(request: ApiRequest, row_id: RowId) -> dict[str, Any]:
    return country_shown(row_of(request, AllowedCountry, row_id))


@router.delete("allowed-country-codes/{int:row_id}", response={204: None})
@needs(Permission.OUTBOUND_WRITE)
def disallow_country(request: ApiRequest, row_id: RowId) -> Status[Any]:
    changes.delete(request.auth, row_of(request, AllowedCountry, row_id))
    return Status(204, None)


@router.get("disallowed-codes", response=CodePage)
@needs(Permission.OUTBOUND_READ)
def list_disallowed_codes(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    return _listed(request, DisallowedCode, page, tenant_id, shown)


@router.post("disallowed-codes", response={201: CodeOut})
@needs(Permission.OUTBOUND_WRITE)
def disallow_code(request: ApiRequest, payload: CodeIn) -> Status[Any]:
    made = changes.disallow_code(request.auth, payload.tenant_id, payload.prefix, payload.description)
    return Status(201, shown(made))


@router.get("disallowed-codes/{int:row_id}", response=CodeOut)
@needs(Permission.OUTBOUND_READ)
def show_disallowed_code(request: ApiRequest, row_id: RowId) -> dict[str, Any]:
    return shown(row_of(request, DisallowedCode, row_id))


@router.delete("disallowed-codes/{int:row_id}", response={204: None})
@needs(Permission.OUTBOUND_WRITE)
def delete_disallowed_code(request: ApiRequest, row_id: RowId) -> Status[Any]:
    changes.delete(request.auth, row_of(request, DisallowedCode, row_id))
    return Status(204, None)


@router.get("emergency-numbers", response=EmergencyPage)
@needs(Permission.OUTBOUND_READ)
def list_emergency_numbers(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    return _listed(request, EmergencyNumber, page, tenant_id, shown)


@router.post("emergency-numbers", response={201: EmergencyOut})
@needs(Permission.OUTBOUND_WRITE)
def add_emergency_number(request: ApiRequest, payload: EmergencyIn) -> Status[Any]:
    made = changes.add_emergency_number(request.auth, payload.tenant_id, payload.number, payload.description)
    return Status(201, shown(made))


@router.get("emergency-numbers/{int:row_id}", response=EmergencyOut)
@needs(Permission.OUTBOUND_READ)
def show_emergency_number(request: ApiRequest, row_id: RowId) -> dict[str, Any]:
    return shown(row_of(request, EmergencyNumber, row_id))


@router.delete("emergency-numbers/{int:row_id}", response={204: None})
@needs(Permission.OUTBOUND_WRITE)
def delete_emergency_number(request: ApiRequest, row_id: RowId) -> Status[Any]:
    changes.delete(request.auth, row_of(request, EmergencyNumber, row_id))
    return Status(204, None)


@router.get("office-hours", response=HoursPage)
@needs(Permission.OUTBOUND_READ)
def list_office_hours(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    return _listed(request, OfficeHours, page, tenant_id, hours_shown)


@router.post("office-hours", response={201: HoursOut})
@needs(Permission.OUTBOUND_WRITE)
def create_office_hours(request: ApiRequest, payload: HoursIn) -> Status[Any]:
    row = OfficeHours(tenant=changes.tenant_for(request.auth, payload.tenant_id))
    return Status(201, hours_shown(changes.save_hours(request.auth, HoursWish(**_hours(_given(payload))), row)))


@router.get("office-hours/{int:row_id}", response=HoursOut)
@needs(Permission.OUTBOUND_READ)
def show_office_hours(request: ApiRequest, row_id: RowId) -> dict[str, Any]:
    return hours_shown(row_of(request, OfficeHours, row_id))


@router.patch("office-hours/{int:row_id}", response=HoursOut)
@needs(Permission.OUTBOUND_WRITE)
def change_office_hours(request: ApiRequest, row_id: RowId, payload: HoursPatch) -> dict[str, Any]:
    row = row_of(request, OfficeHours, row_id)
    wish = HoursWish(**{**changes.row_facts(row), **_hours(_given(payload))})
    return hours_shown(changes.save_hours(request.auth, wish, row))


@router.delete("office-hours/{int:row_id}", response={204: None})
@needs(Permission.OUTBOUND_WRITE)
def delete_office_hours(request: ApiRequest, row_id: RowId) -> Status[Any]:
    changes.delete(request.auth, row_of(request, OfficeHours, row_id))
    return Status(204, None)


@router.get("outbound-rules", response=RulePage)
@needs(Permission.OUTBOUND_READ)
def list_outbound_rules(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    return _listed(request, OutboundRule, page, tenant_id, shown)


@router.post("outbound-rules", response={201: RuleOut})
@needs(Permission.OUTBOUND_WRITE)
def create_outbound_rule(request: ApiRequest, payload: RuleIn) -> Status[Any]:
    row = OutboundRule(tenant=changes.tenant_for(request.auth, payload.tenant_id))
    return Status(201, shown(changes.save_rule(request.auth, RuleWish(**_given(payload)), row)))


@router.get("outbound-rules/{int:row_id}", response=RuleOut)
@needs(Permission.OUTBOUND_READ)
def show_outbound_rule(request: ApiRequest, row_id: RowId) -> dict[str, Any]:
    return shown(row_of(request, OutboundRule, row_id))


@router.patch("outbound-rules/{int:row_id}", response=RuleOut)
@needs(Permission.OUTBOUND_WRITE)
def change_outbound_rule(request: ApiRequest, row_id: RowId, payload: RulePatch) -> dict[str, Any]:
    row = row_of(request, OutboundRule, row_id)
    wish = RuleWish(**{**changes.row_facts(row), **_given(payload)})
    return shown(changes.save_rule(request.auth, wish, row))


@router.delete("outbound-rules/{int:row_id}", response={204: None})
@needs(Permission.OUTBOUND_WRITE)
def delete_outbound_rule(request: ApiRequest, row_id: RowId) -> Status[Any]:
    changes.delete(request.auth, row_of(request, OutboundRule, row_id))
    return Status(204, None)


@router.post("outbound-rules/explain", response=ExplainOut)
@needs(Permission.OUTBOUND_READ)
def explain_outbound_rule(request: ApiRequest, payload: ExplainIn) -> dict[str, Any]:
    """Which rule a call would take now or at another time, and why; nothing is called."""
    return explaining.explain(request.auth, payload.caller, payload.number, payload.at)


def _given(payload: Any) -> dict[str, Any]:
    """What the body says, without the tenant; null clears only what can be nothing."""
    whole = payload.model_dump(mode="json")
    changes_only = not hasattr(payload, "tenant_id")
    said = {name: whole[name] for name in payload.model_fields_set} if changes_only else whole
    kept = {name: value for name, value in said.items() if name != "tenant_id"}
    return {name: value for name, value in kept.items() if value is not None or name == "office_hours_id"}


def _hours(given: dict[str, Any]) -> dict[str, Any]:
    if "spans" in given:
        given["spans"] = [[span["weekday"], span["start"], span["end"]] for span in given["spans"]]
    return given
