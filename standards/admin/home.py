"""The first page: what needs somebody, for whoever signs in, and how the club's lots stand."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from standards.looks import LOOKS
from standards.models import Flag, Judgement, Question, Setback
from standards.questioning import open_questions, questions_to
from standards.reading import WORST_FIRST, clubs_of, flags_seen_by, veiled_reasons
from standards.rulebook.policy import SEVERITIES
from standards.rulebook.rules import title_of
from traceability import seeing
from traceability.admin.access import Viewer, viewer_of
from traceability.ledger.book import HELD, IN_TRANSIT
from traceability.models import Checkpoint, Lot, Organization, Rejection
from traceability.pictures.stacked import HEIGHT, WIDTH, Segment, stacked_bar

SOON = timedelta(days=7)
LATELY = timedelta(days=30)
MOST_URGENT = 5
_WHEN = {"late": _("late"), "soon": _("due within a week"), "later": _("due later")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of a picture: its name, how many of each kind in words, and the parts drawn."""

    name: str
    counts: tuple[tuple[Any, int], ...]
    parts: list[Segment]

    @property
    def total(self) -> int:
        """Return how many there are altogether."""
        return sum(count for _word, count in self.counts)


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the first page's context what its reader may see; called by the admin's theme."""
    viewer = viewer_of(request)
    if viewer is None:
        return context
    may = request.user.has_perm
    name = Organization.objects.values_list("name", flat=True).get(pk=viewer.organization)
    told: dict[str, Any] = {"title": _("Today"), "organization": name, "viewer": viewer}
    told |= {"bar_width": WIDTH, "bar_height": HEIGHT}
    if may("standards.view_flag"):
        told |= _flags(viewer, timezone.localdate()) | {"clubs": _verdicts(viewer)}
    if may("standards.view_question"):
        told["questions"] = [
            (one, title_of(one.rule_id)) for one in _questions(viewer)[:MOST_URGENT]
        ]
        told["question_count"] = _questions(viewer).count()
    if may("traceability.view_lot"):
        told["lots"] = _lots(viewer)
    if may("traceability.view_rejection"):
        lately = Rejection.objects.filter(author=viewer.organization)
        told["refused"] = lately.filter(received_at__gte=timezone.now() - LATELY).count()
    if viewer.is_operator and may("standards.view_setback"):
        told["setbacks"] = list(Setback.objects.all()[:MOST_URGENT])
        told["setback_count"] = Setback.objects.count()
    if may("traceability.view_logstate"):
        told["checkpoint"] = Checkpoint.objects.order_by("-size").first()
    return context | told


def _flags(viewer: Viewer, today: date) -> dict[str, Any]:
    """Return the open flags by severity and urgency, and the most urgent ones."""
    asked = flags_seen_by(viewer.organization).filter(
        status__in=(Flag.Status.OPEN, Flag.Status.ACKNOWLEDGED)
    )
    found: dict[str, Counter[str]] = {}
    for severity, due_on, count in asked.order_by().values_list("severity", "due_on", Count("pk")):
        urgency = "late" if due_on < today else "soon" if due_on <= today + SOON else "later"
        found.setdefault(severity, Counter())[urgency] += count
    urgent = list(asked.order_by("due_on", "id")[:MOST_URGENT])
    veiled_reasons(urgent, viewer.organization)
    worst_first = [one for one in reversed(SEVERITIES) if one in found]
    by_severity = {severity: found[severity] for severity in worst_first}
    return {"flag_bars": _bars(by_severity, _WHEN), "urgent": urgent, "today": today}


def _lots(viewer: Viewer) -> dict[str, int]:
    """Return how many lots an organization holds, and how many are on the way to it or from it."""
    mine = Q(custodian=viewer.organization)
    is_moving = Q(state=IN_TRANSIT)
    # Whoever holds or expects a lot knows of it: there is an index of that.
    return Lot.objects.filter(known_to__contains=[viewer.organization]).aggregate(
        held=Count("pk", filter=mine & Q(state=HELD, amount__gt=0)),
        coming=Count("pk", filter=is_moving & Q(consignee=viewer.organization)),
        leaving=Count("pk", filter=is_moving & mine),
    )


def _verdicts(viewer: Viewer) -> list[Bar]:
    """Return how many lots and minerals have which verdict, club by club."""
    clubs = clubs_of(viewer.organization)
    lots = seeing.lots_seen_by(viewer.organization).order_by().values("pk")
    rows = (
        Judgement.objects.filter(is_current=True, club__in=clubs.values("pk"), lot__in=lots)
        .order_by("club")
        .values_list("club__organization__name", "verdict", Count("pk"))
    )
    found: dict[str, Counter[str]] = {}
    for club, verdict, count in rows:
        found.setdefault(club, Counter())[verdict] += count
    return _bars(found, {one.value: LOOKS[one][2] for one in WORST_FIRST})


def _questions(viewer: Viewer) -> QuerySet[Question]:
    return open_questions().filter(pk__in=questions_to(viewer.organization).order_by().values("pk"))


def _bars(found: Mapping[str, Counter[str]], words: Mapping[str, Any]) -> list[Bar]:
    longest = max((counts.total() for counts in found.values()), default=0)
    return [
        Bar(
            name=name,
            counts=tuple((word, counts[kind]) for kind, word in words.items() if counts[kind]),
            parts=stacked_bar({kind: counts[kind] for kind in words}, longest=longest),
        )
        for name, counts in found.items()
    ]
