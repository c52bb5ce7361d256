"""The ledger's draws as rows, for questions and pages. The ledger is the truth; the rows can be rebuilt from it."""

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fifod import names
from webui import access, gateway


class DrawQuerySet(models.QuerySet["Draw"]):
    """Questions about draws."""

    def newest_first(self) -> "DrawQuerySet":
        """The order in which people read a history."""
        return self.order_by("-serial")

    def of_drawer(self, drawer: str) -> "DrawQuerySet":
        """The draws of one drawer, named as the ledger names it."""
        return self.filter(drawer=drawer)

    def readable_by(self, account: User) -> "DrawQuerySet":
        """One's own draws; everybody's for an auditor."""
        return self if account.has_perm(access.READ_ALL) else self.of_drawer(gateway.drawer(account))


class Draw(models.Model):
    """One draw, as its record in the ledger tells it."""

    # SQLite orders rows by an "integer" key (64 bits); under any other type the key is an index beside the table.
    serial = models.IntegerField(_("serial number"), primary_key=True)
    time = models.DateTimeField(_("recorded"), help_text=_("When the record was written, before the reply left."))
    received = models.DateTimeField(_("request received"))
    drawer = models.CharField(
        _("drawer"), max_length=250, help_text=_("unix:UID, or web:ACCOUNT:NAME for a draw made on a page.")
    )
    uid = models.BigIntegerField(_("user id"), help_text=_("Owner of the reply FIFO, as the kernel tells it."))
    user = models.CharField(_("on behalf of"), max_length=names.MAX_USER_BYTES)
    transport = models.CharField(_("transport"), max_length=20)
    purpose = models.CharField(_("purpose"), max_length=names.MAX_PURPOSE_BYTES)
    method = models.CharField(_("method"), max_length=40, choices=[(name, name) for name in names.DRAW_METHODS])
    params = models.JSONField(_("parameters"))
    recipe = models.CharField(_("recipe"), max_length=40)
    seed = models.CharField(_("seed"), max_length=64, help_text=_("Empty for a secret draw."))
    seed_hash = models.CharField(_("hash of the seed"), max_length=64, help_text=_("For a secret draw only."))
    secret = models.BooleanField(_("secret"), help_text=_("The seed is known to the drawer alone."))
    repeatable = models.BooleanField(
        _("repeatable"), help_text=_("The values could be known beforehand: no evidence of a fair draw.")
    )
    input_count = models.PositiveBigIntegerField(_("items in the list"), null=True)
    input_sha256 = models.CharField(_("SHA-256 of the list"), max_length=64)
    key_digest = models.CharField(_("digest of the key"), max_length=64)
    undelivered = models.BooleanField(_("undelivered"), help_text=_("The reply, or its rest, could not be delivered."))
    undelivered_reason = models.CharField(_("undelivered reason"), max_length=200)
    stream_length = models.PositiveBigIntegerField(_("bytes streamed"), null=True)
    stream_sha256 = models.CharField(_("SHA-256 of the stream"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64, help_text=_("SHA-256 of the record's head."))
    prev = models.CharField(_("hash before"), max_length=64)
    claimed_pid = models.IntegerField(_("process number as claimed"), null=True)

    objects = DrawQuerySet.as_manager()

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        permissions = [
            ("draw", "Can draw, and see their own draws"),
            ("read_all", "Can read everybody's draws"),
        ]
        indexes = [
            models.Index(fields=["time"], name="draw_time"),
            models.Index(fields=["drawer", "serial"], name="draw_drawer"),
            models.Index(fields=["method", "serial"], name="draw_method"),
            # Few rows: indexes of their own cost nothing and let pages ask for just these.
            models.Index(fields=["input_sha256"], name="draw_input", condition=~models.Q(input_sha256="")),
            models.Index(fields=["serial"], name="draw_undelivered", condition=models.Q(undelivered=True)),
            models.Index(fields=["serial"], name="draw_secret", condition=models.Q(secret=True)),
            models.Index(fields=["serial"], name="draw_repeatable", condition=models.Q(repeatable=True)),
        ]

    def __str__(self) -> str:
        return gettext("draw %(serial)s") % {"serial": self.serial}

    @property
    def client(self) -> str:
        """Who asked through the classic bridge, in words; empty for a draw that came another way."""
        if self.transport != names.CLASSIC:
            return ""
        words = gettext("a client of the classic bridge; the number of its process as it said itself: %(pid)s")
        return words % {"pid": self.claimed_pid}


class RecorderPosition(models.Model):
    """How far the recorder has come in the ledger: one row, written together with the draws before it."""

    segment = models.CharField(_("segment"), max_length=80)
    offset = models.PositiveBigIntegerField(_("offset"))
    hash = models.CharField(_("hash"), max_length=64)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("recorder position")
        verbose_name_plural = _("recorder positions")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="recorder_position_is_one_row")]

    def __str__(self) -> str:
        return gettext("%(segment)s at %(offset)s") % {"segment": self.segment, "offset": self.offset}
