from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("history", "0002_draw_claimed_pid")]

    operations = [
        migrations.AlterModelOptions(
            name="draw",
            options={
                "permissions": [
                    ("draw", "Can draw, and see their own draws"),
                    ("read_all", "Can read everybody's draws"),
                ],
                "verbose_name": "draw",
                "verbose_name_plural": "draws",
            },
        ),
    ]
