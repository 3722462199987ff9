from typing import Any

from django.db import migrations

from ringfence.policy.addresses import parse_network
from ringfence.policy.offenders.entries import sort_key


def fill(apps: Any, schema_editor: Any) -> None:
    entries = apps.get_model("security", "AddressEntry").objects
    batch = []
    for entry in entries.filter(sort_key=None).iterator():
        entry.sort_key = sort_key(parse_network(entry.cidr))
        batch.append(entry)
    entries.bulk_update(batch, ["sort_key"], batch_size=200)


class Migration(migrations.Migration):
    dependencies = [("security", "0002_entry_sort_key")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
