from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("security", "0001_initial")]
    operations = [migrations.AddField("addressentry", "sort_key", models.CharField(max_length=40, null=True))]
