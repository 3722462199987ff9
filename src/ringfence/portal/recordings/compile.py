"""What workers know of recordings: the rules of each tenant."""

from ringfence.policy.calls.recording import RecordingRules
from ringfence.portal.recordings.models import RecordingSettings


def rules() -> dict[int, RecordingRules]:
    """By tenant; one without an entry records nothing."""
    return {row.tenant_id: row.rules for row in RecordingSettings.objects.all()}
