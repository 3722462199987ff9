from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.forms import PortalForm
from ringfence.portal.retention.changes import LIMITS


def _number(name: str, title: Any, about: Any) -> forms.IntegerField:
    lowest, highest = LIMITS[name]
    return forms.IntegerField(min_value=lowest, max_value=highest, label=title, help_text=about)


class RetentionForm(PortalForm):
    log_megabytes = _number("log_megabytes", _("Size of a log in MiB"), _("Default: 8. A larger file is put aside."))
    log_files = _number("log_files", _("Older files of each log"), _("Default: 3. The oldest is deleted."))
    log_days = _number(
        "log_days",
        _("Days of logs"),
        _("Default: 30. A log is put aside once a day; older files are deleted. With logrotate, its rules hold."),
    )
    call_record_days = _number(
        "call_record_days",
        _("Days of call records"),
        _("Default: 0, for ever. Otherwise older call records are deleted, for all tenants; they are on no page then."),
    )
