from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("security", "0003_fill_entry_sort_key")]
    operations = [
        migrations.AlterField("addressentry", "sort_key", models.CharField(max_length=40, unique=True)),
        migrations.AddIndex("addressentry", models.Index(fields=("target", "id"), name="entries_by_target")),
        migrations.AddIndex("addressentry", models.Index(fields=("expires_at", "id"), name="entries_by_end")),
    ]
