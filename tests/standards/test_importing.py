"""Importing copies of registers: compared first, stated once, refused as a whole."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from standards.certifying import adopt_policy
from standards.dossiers import examine
from standards.following import follow_log
from standards.importing import Said, accept, compare
from standards.known import followed_size
from standards.models import ClubPolicy, RegistryRow, RegistrySnapshot, SnapshotFile
from standards.registers import newest_copies, retrieved_at, rows_for
from standards.rulebook.errors import (
    BadRegister,
    RegisterHeadWrong,
    RegisterMoved,
    SnapshotOutdated,
)
from tests.standards.world import NOW, World
from traceability.errors import MayNotSign, NoServiceKey, TimeInTheFuture, UnknownOrganization
from traceability.models import Entry, ServiceKey
from traceability.publishing import publish_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "name,facility,country,materials,level,status,from,to"
PIT = "Pit,mine:pit,CL,Cu,IRMA 75,completed,2025-06-01,2028-05-31"
SAID = Said(
    register="irma",
    as_of="2026-10-30T10:00:00+02:00",
    title="Published audits",
    url="https://scheme.example/audits",
    complete=True,
)


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.policy()
    made.audited()
    made.copper_chain(cu="89.99")
    made.catch_up()
    return made


def file_of(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


def said(**changes) -> Said:
    return Said(**{name: getattr(SAID, name) for name in Said.__dataclass_fields__} | changes)


def compared(content=None, told=SAID, **more):
    content = file_of(PIT) if content is None else content
    return compare(content, told, author=more.pop("author", "scheme"), now=NOW, **more)


def imported(world, content=None, told=SAID):
    """Accept a copy and let it be followed."""
    ready = compared(content, told, file_name="audits.csv")
    outcome = accept(ready, basis=ready.basis, person="person-1", now=NOW)
    world.catch_up()
    return outcome


# ── accepting ─────────────────────────────────────────────────────────────────────────────


def test_a_comparison_changes_nothing(world):
    before = Entry.objects.count()

    told = compared()

    assert (len(told.difference.added), told.difference.gone, told.before) == (1, (), None)
    assert told.touched.certificates == ("scheme:irma-1",)
    assert told.touched.lots == ("mine:ore", "smelter:cathode")
    assert Entry.objects.count() == before
    assert not SnapshotFile.objects.exists()


def test_an_accepted_copy_is_a_statement_with_the_file_as_evidence(world):
    content = file_of(PIT)

    entry = imported(world, content).entry

    kept = RegistrySnapshot.objects.get()
    assert (kept.entry, kept.snapshot) == (entry, "scheme:irma-20261030T080000Z")
    assert (str(kept.retrieved_on), kept.complete, kept.left_out) == ("2026-10-30", True, 0)
    assert retrieved_at(kept).isoformat() == "2026-10-30T08:00:00+00:00"
    assert kept.sha256 == sha256(content).hexdigest()
    assert bytes(SnapshotFile.objects.get(digest=kept.sha256).content) == content
    [row] = RegistryRow.objects.all()
    assert (row.subject, row.level, row.status) == ("mine:pit", "IRMA 75", "completed")
    assert world.finding("IRMA-02").outcome == "conforms"


def test_what_is_on_file_is_what_the_next_copy_is_compared_with(world):
    imported(world)
    second = PIT.replace("IRMA 75", "IRMA 50") + "\nOther,,PE,Cu,,in process,,"

    told = compared(file_of(second), said(as_of="2026-10-31", title=None, url=None))

    assert (len(told.difference.added), told.difference.same) == (1, 0)
    [changed] = told.difference.changed
    assert [(one.column, one.before, one.now) for one in changed.cells] == [
        ("level", "IRMA 75", "IRMA 50")
    ]
    assert told.body["title"] == "Published audits"  # as the copy on file says
    assert told.body["retrieved_at"] == "2026-10-31T00:00:00Z"
    [contradicted] = told.touched.contradicted
    assert (contradicted.certificate, contradicted.on_register) == ("scheme:irma-1", "IRMA 50")


def test_a_complete_copy_names_the_certificates_it_does_not_bear_out(world):
    told = compared(file_of("Other,,PE,Cu,,completed,,"))
    partial = compared(file_of("Other,,PE,Cu,,completed,,"), said(complete=False))

    [missing] = told.touched.contradicted
    assert (missing.certificate, missing.facility, missing.on_register) == (
        "scheme:irma-1",
        "mine:pit",
        "",
    )
    assert partial.touched.contradicted == ()


def test_a_reader_is_told_of_lots_and_certificates_it_may_see(world):
    told = compared(reader="scheme").touched
    stranger = compared(reader="stranger").touched

    assert (told.certificates, told.lots) == (("scheme:irma-1",), ())
    assert (stranger.certificates, stranger.lots, stranger.contradicted) == ((), (), ())


def test_rows_about_a_company_touch_what_passed_its_sites(world):
    head = f"{HEAD},organization"
    told = compared(file_of("Mine Ltd,,CL,,,completed,,,mine", head=head))

    assert told.touched.lots == ("mine:ore", "smelter:cathode")


def test_a_newer_copy_makes_the_last_word_of_the_scheme_recent_enough(world):
    later = datetime(2026, 12, 15, 12, tzinfo=UTC)
    form = dict(ClubPolicy.objects.get(club="club").form)
    values = {
        "credentials.required_schemes": ("list", ["irma"]),
        "credentials.minimum_share": ("share", "1"),
        "irma.register_max_age": ("days", 30),
    }
    form["parameters"] = form["parameters"] | {
        key: {
            "title": key,
            "unit": unit,
            "versions": [{"value": value, "in_force_from": "2026-01-01", "source": "Policy"}],
        }
        for key, (unit, value) in values.items()
    }
    asked = {"rule_id": "CRED-09", "severity": "major", "flag_due_days": 14}
    form["requirements"] = [*form["requirements"], asked]
    adopt_policy(form | {"version": "2"}, effective="2026-01-01", now=NOW)
    world.catch_up()

    def last_word():
        size = followed_size()
        [told] = examine("smelter:cathode", size=size, as_of=later.date(), club="club")
        [found] = [one for one in told.evaluation.findings if one.rule_id == "CRED-09"]
        return found

    assert last_word().outcome == "indeterminate"
    assert "register of IRMA later than 2026-11-01" in last_word().missing
    ready = compare(file_of(PIT), said(as_of="2026-12-10"), author="scheme", now=later)
    accept(ready, basis="", now=later)
    publish_checkpoint(now=later)
    follow_log(now=later)
    assert last_word().outcome == "conforms", last_word().because


# ── once ──────────────────────────────────────────────────────────────────────────────────


def test_accepting_twice_records_once(world):
    ready = compared()
    first = accept(ready, basis="", person="person-1", now=NOW)
    again = accept(ready, basis="", person="person-1", now=NOW)

    assert (again.kind, again.entry) == ("duplicate", first.entry)


def test_two_copies_compared_with_the_same_one_are_not_both_recorded(world):
    one, other = compared(), compared(file_of(PIT.replace("75", "50")))
    accept(one, basis="", now=NOW)
    before = Entry.objects.count()

    with pytest.raises(RegisterMoved):  # not followed yet: the tables still say there is none
        accept(other, basis="", now=NOW)
    world.catch_up()
    later = compared(file_of(PIT), said(as_of="2026-10-31"))
    with pytest.raises(RegisterMoved):
        accept(later, basis=other.basis, now=NOW)
    assert Entry.objects.filter(kind="standards.snapshot").count() == 1
    assert Entry.objects.count() == before


def test_a_copy_that_is_not_newer_than_the_one_on_file_is_refused(world):
    imported(world)

    for as_of in ("2026-10-30", "2026-10-30T10:00:00+02:00", "2025-01-01"):
        with pytest.raises(SnapshotOutdated) as caught:
            compared(told=said(as_of=as_of))
        assert caught.value.facts["on_file"] == "2026-10-30T08:00:00Z"


def test_the_newest_copy_is_the_one_retrieved_last_not_the_one_stated_last(world):
    imported(world)
    older = {
        "snapshot": "scheme:older",
        "scheme": "irma",
        "title": "Published audits",
        "url": "https://scheme.example/audits",
        "retrieved_at": "2026-05-01T10:00:00Z",
        "sha256": "a" * 64,
        "complete": True,
        "rows": [],
    }
    world.say("standards.snapshot", "scheme", older, on="2026-10-31")
    world.catch_up()

    assert newest_copies()["irma"].snapshot == "scheme:irma-20261030T080000Z"
    assert compared(told=said(as_of="2026-10-31")).before.snapshot == "scheme:irma-20261030T080000Z"


# ── refusals ──────────────────────────────────────────────────────────────────────────────


def test_an_unknown_facility_and_an_unknown_word_are_told_with_their_lines(world):
    wrong = file_of(PIT, PIT.replace("mine:pit", "mine:none"))
    with pytest.raises(BadRegister) as caught:
        compared(wrong)
    [told] = caught.value.facts["problems"]
    assert (told["line"], told["column"]) == (3, "facility")
    with pytest.raises(BadRegister, match="the register has no word 'finished'"):
        compared(file_of(PIT.replace("completed", "finished")))
    uncoded = compared(file_of(PIT.replace("completed", "finished")), said(register="copper_mark"))
    assert (uncoded.words_known, compared().words_known) == (False, True)

    imported(world)
    assert RegistrySnapshot.objects.count() == 1


def test_what_is_said_of_a_copy_as_a_whole_is_needed_and_possible(world):
    for changes, at in (
        ({"register": "IRMA!"}, "$.register"),
        ({"as_of": "yesterday"}, "$.retrieved_at"),
        ({"as_of": "2026-10-30T10:00:00Z/2026-10-31T10:00:00Z"}, "$.retrieved_at"),
        ({"title": None}, "$.title"),
        ({"url": None}, "$.url"),
        ({"url": "scheme.example"}, "$.url"),
        ({"complete": None}, "$.complete"),
        ({"published_on": "2026-02-30"}, "$.published_on"),
    ):
        with pytest.raises(RegisterHeadWrong) as caught:
            compared(told=said(**changes))
        assert caught.value.at == at
        assert caught.value.message.endswith(".")
    with pytest.raises(TimeInTheFuture):
        compared(told=said(as_of="2026-11-02"))


def test_what_the_file_says_and_what_is_said_of_it_must_agree(world):
    told = {"title": "Published audits", "complete": False, "rows": [{"name": "Pit"}]}

    with pytest.raises(RegisterHeadWrong) as caught:
        compared(json.dumps(told).encode())
    assert caught.value.at == "$.complete"
    agreed = compared(json.dumps(told | {"complete": True, "published_on": "2026-10-29"}).encode())
    assert agreed.body["published_on"] == "2026-10-29"
    assert agreed.document()["evidence"][0]["media_type"] == "application/json"


def test_only_schemes_and_registrars_state_registers(world):
    with pytest.raises(MayNotSign):
        compared(author="mine")
    with pytest.raises(UnknownOrganization):
        compared(author="nobody")
    assert compared(author="operator").body["snapshot"].startswith("operator:irma-")


def test_an_author_with_a_key_of_its_own_signs_the_document_itself(world):
    ServiceKey.objects.filter(organization_id="scheme").delete()
    ready = compared()

    with pytest.raises(NoServiceKey):
        accept(ready, basis="", now=NOW)
    document = ready.document()
    assert (document["kind"], document["author"]) == ("standards.snapshot", "scheme")
    assert document["evidence"][0]["sha256"] == ready.body["sha256"]


# ── who sees which match ──────────────────────────────────────────────────────────────────


def test_a_match_is_told_where_the_name_is_open(world):
    imported(world)
    [copy] = RegistrySnapshot.objects.all()

    def facility(reader):
        [row] = rows_for(copy, reader)
        assert (row["name"], row["level"]) == ("Pit", "IRMA 75")
        return row.get("facility")

    assert [facility(one) for one in ("mine", "scheme", "operator")] == ["mine:pit"] * 3
    assert [facility(one) for one in ("buyer", "stranger", "club")] == [None] * 3


# ── the command ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def path(tmp_path) -> Path:
    made = tmp_path / "audits.csv"
    made.write_bytes(file_of(PIT))
    return made


def ran(capsys, path, *more):
    usual = ("--register", "irma", "--as-of", "2026-10-30", "--author", "scheme", "--complete")
    head = ("--title", "Published audits", "--url", "https://scheme.example/audits")
    capsys.readouterr()
    call_command("import_snapshot", str(path), *usual, *head, *more)
    return capsys.readouterr().out


def test_the_command_compares_and_records_only_when_told_to(world, path, capsys):
    shown = ran(capsys, path)
    assert "no copy is on file" in shown
    assert "1 added, 0 changed, 0 gone, 0 the same." in shown
    assert "+ Pit, facility mine:pit, country CL, materials Cu" in shown
    assert "certificates it is about: scheme:irma-1" in shown
    assert "lots through these sites: mine:ore, smelter:cathode" in shown
    assert "Nothing was recorded" in shown
    assert not Entry.objects.filter(kind="standards.snapshot").exists()

    told = json.loads(ran(capsys, path, "--accept", "--json"))
    assert Entry.objects.get(kind="standards.snapshot").hash == told["entry"]
    assert (told["lots"], told["compared_with"]) == (["mine:ore", "smelter:cathode"], None)


def test_the_command_tells_changes_and_what_is_not_borne_out(world, path, capsys):
    imported(world, file_of(PIT, "Old,,PE,Cu,,completed,,"), said(as_of="2026-10-29"))
    path.write_bytes(file_of(PIT.replace("IRMA 75", "IRMA 50").replace(",2028-05-31", ",")))

    shown = ran(capsys, path)

    assert "the copy of 2026-10-29 is on file" in shown
    assert "    level: IRMA 75 → IRMA 50" in shown
    assert "    to: 2028-05-31 → (nothing)" in shown
    assert "- Old, country PE, materials Cu, status completed" in shown
    assert "! scheme:irma-1 (IRMA 75) of mine:pit: the register has IRMA 50" in shown
    path.write_bytes(file_of("Other,,PE,Cu,,completed,,"))
    assert "of mine:pit: the register does not list the site" in ran(capsys, path)


def test_the_command_writes_the_statement_for_whoever_signs_it(world, path, tmp_path, capsys):
    out = tmp_path / "statement.json"
    ran(capsys, path, "--document", str(out))

    assert json.loads(out.read_text())["kind"] == "standards.snapshot"
    with pytest.raises(CommandError, match="exists"):
        ran(capsys, path, "--document", str(out))


def test_the_command_tells_every_problem_and_exits_with_two(world, path, capsys):
    path.write_text("name,country\nPit,chile\nPot,peru\n")

    with pytest.raises(CommandError) as caught:
        ran(capsys, path)

    assert caught.value.returncode == 2
    told = str(caught.value)
    assert "line 2, country: a country is written" in told
    assert "line 3, country: a country is written" in told
    assert "docs/registers.md" in told
    with pytest.raises(CommandError, match="No such file"):
        ran(capsys, path.with_name("none.csv"))
    path.write_bytes(file_of(PIT))
    with pytest.raises(CommandError, match=r"\$\.published_on: There is no day"):
        ran(capsys, path, "--published-on", "soon")
