"""Importing copies of registers: read a file, compare it with what is on file, then state it.

A copy that is accepted is a `standards.snapshot` statement like any other; the digest of the
file is its evidence, and the file's bytes are kept by that digest. Nothing is half imported: a
file with one bad row is refused as a whole.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from django.conf import settings
from django.utils import timezone

from standards.models import RegistrySnapshot, SnapshotDraft, SnapshotFile
from standards.registers import Touched, on_file, retrieved_at, touched_by, words_of
from standards.rulebook.certificate_shapes import Snapshot
from standards.rulebook.errors import (
    RegisterHeadWrong,
    RegisterMoved,
    SnapshotOutdated,
    UnknownSnapshot,
)
from standards.rulebook.parameters import read_day
from standards.rulebook.register_changes import Difference, difference
from standards.rulebook.register_file import RegisterFile, check_known, read_register
from traceability.errors import (
    IdReused,
    ImpossibleTime,
    MayNotSign,
    TimeInTheFuture,
    UnknownOrganization,
)
from traceability.ledger.effective import Effective, parse_effective
from traceability.ledger.kinds import roles_for
from traceability.models import Facility, Organization
from traceability.recording import Outcome
from traceability.registering import record_as_service, statement_document

KIND = "standards.snapshot"
DRAFTS_LAST = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of a copy as a whole; what is left out is taken from the file.

    Args:
        register: the scheme, as its certificates name it.
        as_of: when it was retrieved: an instant with an offset, or a day, which counts as its
            first moment in UTC.
        title, url: of the register; where nobody says them, those of the copy on file.
        complete: whether it also shows who is *not* on it.
    """

    register: str
    as_of: str
    title: str | None = None
    url: str | None = None
    published_on: str | None = None
    complete: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A file that can be accepted, and what would change if it were.

    Args:
        before: the copy on file; None for the first.
        words_known: whether the words of the register for states are coded, and were compared.
        touched: as the reader may see it, for whom it was compared.
    """

    author: str
    body: Mapping[str, Any]
    content: bytes
    file_name: str
    media_type: str
    before: RegistrySnapshot | None
    difference: Difference
    touched: Touched
    words_known: bool

    @property
    def basis(self) -> str:
        """Return the entry that it was compared with; empty where there was none."""
        return "" if self.before is None else self.before.entry

    def document(self, *, person: str = "") -> dict[str, Any]:
        """Return the statement, unsigned: for whoever has a key of its own.

        Its id follows from what it was compared with. Two that were compared with the same copy
        cannot both be recorded for one author; the same one sent twice is recorded once.
        """
        names = [settings.LEDGER_ORIGIN, self.author, self.body["scheme"], self.basis]
        evidence = {
            "sha256": self.body["sha256"],
            "title": self.file_name or self.body["title"],
            "media_type": self.media_type,
        }
        acting = {"acting_person": person} if person else {}
        return statement_document(
            kind=KIND,
            author=self.author,
            effective=self.body["retrieved_at"],
            body=self.body,
            id=str(uuid5(NAMESPACE_URL, "/".join(["snapshot", *names]))),
            evidence=[evidence],
            **acting,
        )


def compare(
    content: bytes,
    said: Said,
    *,
    author: str,
    file_name: str = "",
    reader: str | None = None,
    now: datetime | None = None,
) -> Comparison:
    """Read a copy of a register and compare it with the one on file; change nothing.

    Args:
        author: the scheme or registrar that will state it.
        reader: for whom the comparison is; None: whoever runs the service.

    Raises:
        BadRegister: the file cannot be read, or names whom nobody registered.
        RegisterHeadWrong: what is said of it as a whole is missing or contradicts the file.
        SnapshotOutdated: it was not retrieved after the one on file.
        MayNotSign: the author is no scheme and no registrar.
        TimeInTheFuture: it was retrieved later than now.
    """
    moment = now or timezone.now()
    _check_author(author)
    told = read_register(content)
    before = on_file(said.register)
    head = _head(said, told, before)
    retrieved = _retrieved(head["retrieved_at"], moment)
    words = words_of(said.register, on=moment.date())
    check_known(told, facilities=_facilities(told), organizations=_organizations(told), words=words)
    if before is not None and retrieved.moments[0] <= retrieved_at(before):
        raise SnapshotOutdated(
            said.register,
            retrieved_at=retrieved.text,
            on_file=f"{retrieved_at(before).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
    changed = difference([] if before is None else before.rows, told.stated())
    return Comparison(
        author=author,
        body=_body(author, head, told, content, retrieved),
        content=content,
        file_name=file_name,
        media_type=told.media_type,
        before=before,
        difference=changed,
        touched=touched_by(
            changed,
            told.stated(),
            register=said.register,
            complete=head["complete"],
            reader=reader,
        ),
        words_known=words is not None,
    )


def accept(
    compared: Comparison, *, basis: str, person: str = "", now: datetime | None = None
) -> Outcome:
    """State a copy of a register that was compared, in its author's name.

    Args:
        basis: the entry of the copy that whoever accepts saw it compared with.
        person: the pseudonym of whoever accepts.

    Raises:
        RegisterMoved: another copy is on file by now, or on its way there.
        NoServiceKey: the author signs with a key of its own.
    """
    register = str(compared.body["scheme"])
    if basis != compared.basis:
        raise RegisterMoved(register)
    document = compared.document(person=person)
    SnapshotFile.objects.bulk_create(
        [SnapshotFile(digest=compared.body["sha256"], content=compared.content)],
        ignore_conflicts=True,
    )
    # From here the bytes are kept; the statement that names them may follow.
    try:
        return record_as_service([document], now=now)[0]
    except IdReused:
        raise RegisterMoved(register) from None


# ── in two steps ──────────────────────────────────────────────────────────────────────────


def keep_draft(
    compared: Comparison, said: Said, *, person: str, now: datetime | None = None
) -> SnapshotDraft:
    """Keep a file that was compared until somebody of its organization accepts it, or a day."""
    moment = now or timezone.now()
    SnapshotDraft.objects.filter(uploaded_at__lt=moment - DRAFTS_LAST).delete()
    return SnapshotDraft.objects.create(
        organization=compared.author,
        by=person,
        uploaded_at=moment,
        file_name=compared.file_name[:200],
        content=compared.content,
        said=asdict(said),
    )


def draft_of(organization: str, key: int) -> SnapshotDraft:
    """Return an uploaded file of an organization's own.

    Raises:
        UnknownSnapshot: there is none any more, or it is another's.
    """
    found = SnapshotDraft.objects.filter(organization=organization, pk=key).first()
    if found is None:
        raise UnknownSnapshot(f"under comparison with the number {key}")
    return found


def compare_draft(draft: SnapshotDraft, *, now: datetime | None = None) -> Comparison:
    """Compare an uploaded file with what is on file by now; see `compare`."""
    return compare(
        bytes(draft.content),
        Said(**draft.said),
        author=draft.organization,
        file_name=draft.file_name,
        reader=draft.organization,
        now=now,
    )


def accept_draft(
    draft: SnapshotDraft, *, basis: str, person: str, now: datetime | None = None
) -> Outcome:
    """State an uploaded file, which then is an upload no more; see `accept`."""
    outcome = accept(compare_draft(draft, now=now), basis=basis, person=person, now=now)
    draft.delete()
    return outcome


# ── what is said of it as a whole ─────────────────────────────────────────────────────────


def _check_author(author: str) -> None:
    found = Organization.objects.filter(id=author).first()
    if found is None:
        raise UnknownOrganization(author, at="author")
    if not roles_for(KIND) & set(found.roles):
        raise MayNotSign(KIND, author=author)


_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")


def _head(said: Said, told: RegisterFile, before: RegistrySnapshot | None) -> dict[str, Any]:
    """Return what is said of a copy, from whoever brings it, its file and the copy before."""
    if not _WORD.fullmatch(said.register):
        problem = f"{said.register[:80]!r} is no scheme: write it as certificates do, `irma`."
        raise RegisterHeadWrong(problem, at="$.register")
    given = {
        "register": said.register,
        "title": said.title,
        "url": said.url,
        "retrieved_at": f"{said.as_of}T00:00:00Z" if read_day(said.as_of) else said.as_of,
        "published_on": said.published_on,
        "complete": said.complete,
    }
    head = dict(told.header)
    for name, value in given.items():
        if value is None:
            continue
        if head.setdefault(name, value) != value:
            problem = f"The file says that `{name}` is {head[name]!r}, not {value!r}."
            raise RegisterHeadWrong(problem, at=f"$.{name}")
    if before is not None:
        head.setdefault("title", before.title)
        head.setdefault("url", before.url)
    for name in ("title", "url", "complete"):
        if name not in head:
            raise RegisterHeadWrong(f"Nobody says `{name}` of this copy.", at=f"$.{name}")
    return head


def _retrieved(text: str, now: datetime) -> Effective:
    try:
        retrieved = parse_effective(text)
    except ImpossibleTime as error:
        raise RegisterHeadWrong(error.message, at="$.retrieved_at") from None
    if not retrieved.is_instant or retrieved.end is not None:
        problem = f"{text[:80]!r} is no instant with an offset, and no day."
        raise RegisterHeadWrong(problem, at="$.retrieved_at")
    if retrieved.is_ahead_of(now):
        raise TimeInTheFuture(text, at="$.retrieved_at")
    return retrieved


def _body(
    author: str,
    head: Mapping[str, Any],
    told: RegisterFile,
    content: bytes,
    retrieved: Effective,
) -> dict[str, Any]:
    moment = f"{retrieved.moments[0].astimezone(UTC):%Y%m%dT%H%M%SZ}"
    body = {
        "snapshot": f"{author}:{head['register'][:40]}-{moment}",
        "scheme": head["register"],
        "title": head["title"],
        "url": head["url"],
        "retrieved_at": retrieved.text,
        "sha256": sha256(content).hexdigest(),
        "complete": head["complete"],
        "rows": told.stated(),
        "left_out": told.left_out,
    }
    if "published_on" in head:
        body["published_on"] = head["published_on"]
        if read_day(head["published_on"]) is None:
            problem = f"There is no day {head['published_on'][:40]!r}."
            raise RegisterHeadWrong(problem, at="$.published_on")
    try:
        msgspec.convert(body, Snapshot)
    except msgspec.ValidationError as error:
        words, _, place = str(error).rpartition(" - at ")
        raise RegisterHeadWrong(f"{words}.", at=place.strip("`")) from None
    return body


def _facilities(told: RegisterFile) -> frozenset[str]:
    named = {row["facility"] for row in told.stated() if row.get("facility")}
    return frozenset(Facility.objects.filter(id__in=named).values_list("id", flat=True))


def _organizations(told: RegisterFile) -> frozenset[str]:
    named = {row["organization"] for row in told.stated() if row.get("organization")}
    return frozenset(Organization.objects.filter(id__in=named).values_list("id", flat=True))
