"""REST: the doctor."""

from typing import Any

from ninja import Path, Router, Status

from ringfence.doctor import report
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.doctor import fixes, history
from ringfence.portal.doctor.models import Examination
from ringfence.portal.paging import PageOut, PageQuery, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import Out

router = Router()


class CountsOut(Out):
    critical: int
    high: int
    medium: int
    low: int


class FindingOut(Out):
    """`section` is the reference's heading and `says` its advice; `fixable` can be mended by POST doctor/fixes."""

    id: str
    severity: str
    title: str
    evidence: list[str]
    section: str
    says: str
    fix: str
    command: str
    page: str
    fixable: bool


class UnaskedOut(Out):
    id: str
    title: str


class ReportOut(Out):
    score: int
    checks: int
    counts: CountsOut
    findings: list[FindingOut]
    unasked: list[UnaskedOut]


class ExaminationOut(Out):
    id: int
    at: str
    score: int
    checks: int
    counts: CountsOut
    found: list[str]


class ExaminationPage(PageOut):
    items: list[ExaminationOut]


@router.get("doctor", response=ReportOut)
@needs(Permission.SECURITY_READ)
def examine(request: ApiRequest) -> dict[str, Any]:
    """Examines the system now. `unasked` could not be asked, because a process did not answer."""
    return report.plain(history.examine(), fixes.is_fixable)


@router.get("doctor/examinations", response=ExaminationPage)
@needs(Permission.SECURITY_READ)
def list_examinations(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """What the doctor said before, the newest first."""
    return rows(Examination.objects.all(), page, _shown)


@router.post("doctor/examinations", response={201: ExaminationOut})
@needs(Permission.SECURITY_WRITE)
def keep_examination(request: ApiRequest) -> Status[Any]:
    """Examines now and keeps the result in the history; that happens once a day by itself too."""
    return Status(201, _shown(history.keep(history.examine())))


@router.post("doctor/fixes/{check_id}", response=ReportOut)
@needs(Permission.SECURITY_WRITE)
def apply_fix(request: ApiRequest, check_id: Path[str]) -> dict[str, Any]:
    """Mends what a check found, by the same change as its page; asks for that setting's permission too."""
    fixes.apply(request.auth, check_id)
    return report.plain(history.examine(), fixes.is_fixable)


def _shown(row: Examination) -> dict[str, Any]:
    counts = {name: getattr(row, name) for name in ("critical", "high", "medium", "low")}
    return {
        "id": row.pk,
        "at": row.at.isoformat(),
        "score": row.score,
        "checks": row.checks,
        "counts": counts,
        "found": row.found,
    }
