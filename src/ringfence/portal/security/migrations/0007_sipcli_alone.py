"""The pattern for the scanner sipcli also silenced every SIPClient."""

from typing import Any

from django.db import migrations


def narrow(apps: Any, editor: Any) -> None:
    agents = apps.get_model("security", "BlockedUserAgent").objects
    if not agents.filter(pattern="sipcli/", match="contains").exists():
        agents.filter(pattern="sipcli", match="contains", description="known scanner").update(pattern="sipcli/")


class Migration(migrations.Migration):
    dependencies = (("security", "0006_attack_history"),)
    operations = (migrations.RunPython(narrow, migrations.RunPython.noop),)
