from django.db import migrations, models

from ringfence.policy.trunking.trunks import CallerIn


class Migration(migrations.Migration):
    dependencies = [("trunks", "0003_link")]

    operations = [
        migrations.AddField("trunk", "auth_username", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("trunk", "from_domain", models.CharField(blank=True, default="", max_length=253)),
        migrations.AddField(
            "trunk",
            "caller_in",
            models.CharField(
                choices=[(item.value, item.value) for item in CallerIn], default=CallerIn.FROM.value, max_length=24
            ),
        ),
    ]
