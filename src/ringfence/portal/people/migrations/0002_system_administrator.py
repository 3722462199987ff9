"""System administrators are named as such; absence of a tenant alone means nothing any more."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def name_administrators(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("people", "Person").objects.filter(tenant__isnull=True).update(is_system_administrator=True)


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.AddField("person", "is_system_administrator", models.BooleanField(default=False)),
        migrations.RunPython(name_administrators, migrations.RunPython.noop),
    ]
