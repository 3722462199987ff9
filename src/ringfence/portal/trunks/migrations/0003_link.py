from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trunks", "0002_media_encryption")]

    operations = [
        migrations.AddField("trunk", "link", models.CharField(blank=True, default="", max_length=64)),
    ]
