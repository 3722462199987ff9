from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0004_round_trip")]

    operations = [migrations.AddField(model_name="callrecord", name="trunks", field=models.JSONField(default=list))]
