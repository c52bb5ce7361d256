"""The audit log: who did what to the service, when, and what came of it."""

from django.db import models


class ServiceAct(models.Model):
    """One act on the service page. The account is kept as text, so that the row outlives it."""

    LONGEST_RESULT = 300

    time = models.DateTimeField(auto_now_add=True)
    account_id = models.BigIntegerField("account number")
    account_name = models.CharField("account", max_length=150)
    verb = models.CharField(max_length=20)
    unit = models.CharField(max_length=100)
    result = models.CharField(
        max_length=LONGEST_RESULT, default="begun", help_text="“begun”: this site ended before it knew the result."
    )

    class Meta:
        verbose_name = "act on the service"
        verbose_name_plural = "acts on the service"
        ordering = ["-id"]
        permissions = [("control", "Can see, start, stop, restart and reload fifod")]

    def __str__(self) -> str:
        return f"{self.account_name}: {self.verb} {self.unit}: {self.result}"
