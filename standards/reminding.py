"""Reminding organizations, once each, of days on which something is due to them.

A reminder is a row on the officers' list. Where mail is configured it also goes, once, to every
person of the organization who may read the list and has an address.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from standards.importing import DRAFTS_LAST
from standards.models import Reminder, ReminderMail, SnapshotDraft
from standards.schedule import Asked, DueLine, calendar_of
from traceability.models import Membership

LATEST = 7
"""Days after a due day on which it is still told, where nothing ran on the day itself."""
_PERMISSION = "standards.view_reminder"
_log = logging.getLogger(__name__)


def remind(*, now: datetime | None = None) -> int:
    """Remind every organization that has people of what comes up; return how many are new.

    Running it twice, or in two processes, reminds nobody twice. Uploads that nobody accepted
    within a day are forgotten on the way.
    """
    moment = now or timezone.now()
    SnapshotDraft.objects.filter(uploaded_at__lt=moment - DRAFTS_LAST).delete()
    before = Reminder.objects.count()
    people = Membership.objects.order_by("organization_id")
    for organization in people.values_list("organization_id", flat=True).distinct():
        _remind(organization, moment)
    if settings.REMIND_BY_MAIL:
        _send(moment)
    return Reminder.objects.count() - before


def lead(on: date, today: date, leads: Iterable[int]) -> int | None:
    """Return how many days ahead a day is told of today: the shortest lead that has begun."""
    left = (on - today).days
    begun = [days for days in leads if left <= days]
    return min(begun) if begun and left >= -LATEST else None


def is_still_due(reminder: Reminder, lines: Iterable[DueLine]) -> bool:
    """Tell whether what an organization was reminded of still is due on that day."""
    told = (reminder.kind, reminder.about, reminder.detail, reminder.due_on)
    return any(told == (one.due.kind, one.due.about, one.due.detail, one.due.on) for one in lines)


def _remind(organization: str, moment: datetime) -> None:
    """Keep the reminders of one organization: of its own papers, and of what touches its lots."""
    today, leads = moment.date(), settings.REMIND_DAYS_BEFORE
    asked = Asked(
        first=today - timedelta(days=LATEST),
        last=today + timedelta(days=max(leads)),
        is_dated=True,
    )
    rows = []
    for line in calendar_of(organization, asked, on=today):
        due = line.due
        days = None if due.on is None else lead(due.on, today, leads)
        if days is None or due.on is None or not (line.is_own or line.lots):
            continue
        rows.append(
            Reminder(
                organization=organization,
                kind=due.kind,
                about=due.about,
                detail=due.detail,
                scheme=due.scheme,
                due_on=due.on,
                days_before=days,
                because=due.because,
                reminded_at=moment,
            )
        )
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)


# ── by mail ───────────────────────────────────────────────────────────────────────────────

_CLAIM = """
INSERT INTO standards_remindermail (reminder_id, person, sent_at)
SELECT unnest(%s::bigint[]), %s, %s ON CONFLICT DO NOTHING RETURNING reminder_id
"""


def _send(moment: datetime) -> None:
    recent = Reminder.objects.filter(reminded_at__gte=moment - timedelta(days=LATEST))
    by_organization: dict[str, list[Reminder]] = {}
    for one in recent.order_by("due_on", "id"):
        by_organization.setdefault(one.organization, []).append(one)
    members = Membership.objects.filter(
        organization_id__in=by_organization, user__is_active=True
    ).exclude(user__email="")
    for member in members.select_related("user").order_by("pk"):
        user: User = member.user
        if not user.has_perm(_PERMISSION):
            continue
        try:
            _send_to(member, user, by_organization[member.organization_id], moment)
        except (OSError, SMTPException) as error:  # rolled back: tried again at the next turn
            _log.warning("Reminders to %s were not sent: %s", member.pseudonym, error)


@transaction.atomic
def _send_to(
    member: Membership, user: User, reminders: Iterable[Reminder], moment: datetime
) -> None:
    """Send a person what it was not sent yet; the row that says so is kept only if that works."""
    told = {one.pk: one for one in reminders}
    known = ReminderMail.objects.filter(person=member.pseudonym, reminder__in=told)
    waiting = sorted(told.keys() - set(known.values_list("reminder_id", flat=True)))
    if not waiting:
        return
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [waiting, member.pseudonym, moment])
        fresh = [told[key] for (key,) in cursor.fetchall()]
    if fresh:
        fresh.sort(key=lambda one: (one.due_on, one.pk))
        send_mail(_subject(fresh), _text(fresh), None, [user.email])


def _subject(reminders: list[Reminder]) -> str:
    first = reminders[0].due_on
    told = ngettext(
        "%(n)s day to keep in mind, on %(day)s",
        "%(n)s days to keep in mind, the first on %(day)s",
        len(reminders),
    )
    return told % {"n": len(reminders), "day": first.isoformat()}


def _text(reminders: Iterable[Reminder]) -> str:
    address = f"{settings.SITE_URL}{reverse('admin:standards_reminder_calendar')}"
    lines = [
        f"{one.due_on}  {one.kind.replace('_', ' ')}: {one.about}"
        + (f" ({one.detail})" if one.detail else "")
        + f"\n            {one.because}"
        for one in reminders
    ]
    head = _("These days of your organization's calendar come up:")
    foot = _("The calendar, with the lots and clubs these touch: %(address)s") % {
        "address": address
    }
    return "\n\n".join([head, *lines, foot])
