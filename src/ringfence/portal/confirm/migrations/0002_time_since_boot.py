from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("confirm", "0001_unconfirmed_changes")]

    operations = [
        migrations.AddField("unconfirmedchange", "boot", models.CharField(default="", max_length=64)),
        migrations.AddField("unconfirmedchange", "saved_since_boot", models.FloatField(null=True)),
    ]
