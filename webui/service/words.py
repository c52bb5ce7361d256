"""The service's texts in the reader's language.

Logs and the audit log have them in English, whoever is at the site: so what programs, their keeper and acts say is
written in English, marked by `gettext_noop` where it is written, and translated where it is shown.
"""

import re
from functools import cache

from django.utils.translation import gettext


def gettext_noop(text: str) -> str:
    """Mark a text as one to be translated. Django's own of this name needs settings, and commands have none."""
    return text


_ = gettext_noop
_SENTENCES = (
    _("done"),
    _("begun"),
    _("cancelled"),
    _("still under way after %(seconds)s s"),
    _("refused: %(why)s"),
    _("failed: %(why)s"),
    _("it %(ended)s; the lines below say why"),
    _("systemd says “%(word)s”"),
    _("systemd does not tell: %(why)s"),
    _("the system bus cannot be used: %(why)s"),
    _("%(unit)s is not installed"),
    _("%(unit)s cannot be used (%(state)s)"),
    _("not there (%(unit)s is %(state)s)"),
    _("the trial has not started %(program)s yet"),
    _("the trial's supervisor did not answer as it should: %(why)s"),
    _("%(program)s has not been started yet"),
    _("the trial is being stopped"),
    _("%(program)s does not run"),
    _("the reader did not answer within %(seconds)s s"),
    _("the reader did not answer as it should: %(why)s"),
    _("the process that checks cannot be started: %(why)s"),
    _("good: one record, no draws yet, newest hash %(hash)s"),
    _("good: %(records)s records, no draws yet, newest hash %(hash)s"),
    _("good: %(records)s records, draw %(serial)s, newest hash %(hash)s"),
    _("good: %(records)s records, draws %(first)s to %(last)s, newest hash %(hash)s"),
    _("not good: one fault, at %(place)s"),
    _("not good: %(faults)s faults; the first at %(place)s"),
    _("%(ended)s, since it did not answer the watchdog"),
    _("%(ended)s, since memory was short"),
    _("was killed by %(signal)s and left a core dump"),
    _("was killed by %(signal)s"),
    _("could not be set up by systemd (status %(status)s)"),
    _("ended with status %(status)s"),
    _("%(ended)s (status %(status)s)"),
)
"""Those that have something in them, the more particular first."""
_PLACE = re.compile(r"%\\\((\w+)\\\)s")


def shown(text: str) -> str:
    """A text of the service, and what stands in it, in the reader's language; one that nobody knows as it is."""
    if not text or (translated := gettext(text)) != text:
        return translated if text else ""
    for sentence in _SENTENCES:
        if found := _pattern(sentence).fullmatch(text):
            return gettext(sentence) % {name: shown(part) for name, part in found.groupdict().items()}
    return text


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub(lambda place: f"(?P<{place[1]}>.+)", re.escape(sentence)))
