"""Page: one call record, with all a bill or an investigator needs, and the ladder of its messages."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.calls.ladder import draw
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.outbound.changes import trunks_of
from ringfence.portal.outbound.explaining import SENTENCES
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.recorded import titled
from ringfence.portal.recordings.models import Recording
from ringfence.portal.rulewords import ruled
from ringfence.portal.spending.currency import cost_of, currency


@permitted(Permission.CALLS_READ)
def record(request: HttpRequest, record_id: int) -> HttpResponse:
    found = CallRecord.objects.visible_to(actor_of(request)).filter(pk=record_id).first()
    if found is None:
        raise NotFound(detail="There is no such call record.")
    recordings = Recording.objects.visible_to(actor_of(request)).filter(call_id=found.call_id)
    shows = actor_of(request).may(Permission.RECORDINGS_READ)
    facts = {
        "recordings": list(recordings) if shows else [],
        "record": found,
        "facts": shown(found),
        "why": SENTENCES.get(found.rule, ""),
        "ladder": draw(found.ladder),
    }
    return render(request, "calls/record.html", facts)


def shown(record: CallRecord) -> list[tuple[str, Any]]:
    """Titles and values for people."""
    names: dict[int | None, Any] = dict(trunks_of(record.tenant)) if record.tenant else {}
    time = "%Y-%m-%d %H:%M:%S"
    return [
        (_("Direction"), titled(record.direction)),
        (_("From"), record.caller),
        (_("Dialled"), record.dialled),
        (_("To"), record.callee),
        (_("Number sent"), record.number),
        (_("Charged to"), record.payer),
        (_("Cost"), None if record.cost is None else f"{cost_of(record.cost, currency())} {record.rate}"),
        (_("Country code"), record.destination),
        (_("Trunk"), names.get(record.trunk, record.trunk)),
        (_("Trunks that were asked"), ", ".join(str(names.get(one, one)) for one in record.trunks)),
        (_("Outbound rule"), record.outbound_rule),
        (_("Decided by"), f"{ruled(record.rule)} ({record.rule})" if record.rule else ""),
        (_("Start (UTC)"), record.started_at.strftime(time)),
        (_("Answer (UTC)"), record.answered_at.strftime(time) if record.answered_at else None),
        (_("End (UTC)"), record.ended_at.strftime(time)),
        (_("Duration in seconds"), round(record.duration, 1)),
        (_("Result"), f"{record.code} {record.reason}"),
        (_("Ended by"), titled(record.ended_by)),
        (_("Source"), record.source),
        (_("Codec"), record.codec),
        (_("Audio of the caller"), record.caller_rtp),
        (_("Audio of the called side"), record.called_rtp),
        (_("Quality (MOS)"), record.mos),
        (_("Loss in percent"), record.loss),
        (_("Jitter in ms"), record.jitter),
        (_("Round trip in ms"), record.round_trip),
        (_("Call id"), record.call_id),
    ]
