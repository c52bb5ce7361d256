"""The audit log, with who did what to the service, when, and what came of it; and checks of the ledger."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from webui.service import words
from webui.service.units import VERB_TITLES


class ServiceAct(models.Model):
    """One act on the service page. The account is kept as text, so that the row outlives it."""

    LONGEST_RESULT = 300

    time = models.DateTimeField(_("time"), auto_now_add=True)
    account_id = models.BigIntegerField(_("account number"))
    account_name = models.CharField(_("account"), max_length=150)
    verb = models.CharField(_("verb"), max_length=20)
    unit = models.CharField(_("unit"), max_length=100)
    result = models.CharField(
        _("result"),
        max_length=LONGEST_RESULT,
        default="begun",
        help_text=_("“begun”: this site ended before it knew the result."),
    )

    class Meta:
        verbose_name = _("act on the service")
        verbose_name_plural = _("acts on the service")
        ordering = ["-id"]
        permissions = [("control", "Can see, start, stop, restart and reload fifod")]

    def __str__(self) -> str:
        filled = {"account": self.account_name, "verb": self.shown_verb, "unit": self.unit, "result": self.shown_result}
        return gettext("%(account)s: %(verb)s %(unit)s: %(result)s") % filled

    @property
    def shown_verb(self) -> str:
        """What was done, in the reader's language."""
        return str(VERB_TITLES.get(self.verb, self.verb))

    @property
    def shown_result(self) -> str:
        """What came of it, likewise."""
        return words.shown(self.result)


class Verification(models.Model):
    """One check of the whole ledger: how far it is, and what it found. Who began it, and when, its act says."""

    class Outcome(models.TextChoices):
        """How it ended."""

        GOOD = "good"
        FAULTY = "faulty"
        CANCELLED = "cancelled"
        FAILED = "failed"

    act = models.OneToOneField(ServiceAct, models.CASCADE, primary_key=True)
    done = models.PositiveBigIntegerField("bytes checked", default=0)
    total = models.PositiveBigIntegerField("bytes in the ledger", default=0)
    is_to_stop = models.BooleanField("somebody cancelled it", default=False)
    ended = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=20, choices=Outcome.choices, default="", help_text="Empty: it is under way, or was cut off."
    )
    report = models.JSONField(null=True, help_text="What it found (webui.service.report).")

    class Meta:
        ordering = ["-act_id"]

    def __str__(self) -> str:
        return f"check of the ledger, {self.outcome or 'without an end'}"
