from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0003_what_a_bill_needs")]

    operations = [migrations.AddField(model_name="callrecord", name="round_trip", field=models.FloatField(null=True))]
