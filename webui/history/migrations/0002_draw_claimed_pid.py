from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("history", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="draw",
            name="claimed_pid",
            field=models.IntegerField(null=True, verbose_name="process number as claimed"),
        ),
    ]
