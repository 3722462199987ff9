"""Media encryption of trunks has the three words of tenants and extensions."""

from typing import Any

from django.db import migrations, models

WORDS = {"none": "off", "srtp": "required"}


def rename(apps: Any, schema_editor: Any) -> None:
    trunk = apps.get_model("trunks", "Trunk")
    for old, new in WORDS.items():
        trunk.objects.filter(encryption=old).update(encryption=new)


class Migration(migrations.Migration):
    dependencies = [("trunks", "0001_trunks")]

    operations = [
        migrations.AddField(model_name="trunk", name="aes_256_only", field=models.BooleanField(default=False)),
        migrations.AlterField(
            model_name="trunk",
            name="encryption",
            field=models.CharField(
                choices=[("off", "off"), ("offered", "offered"), ("required", "required")], max_length=8
            ),
        ),
        migrations.RunPython(rename, migrations.RunPython.noop),
    ]
