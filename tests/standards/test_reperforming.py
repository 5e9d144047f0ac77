"""POL-09: kept verdicts come out again, and where they cannot, it is said what is missing."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from standards.models import Assessment
from standards.reperforming import reperformed
from standards.rulebook.evaluation import code_version
from standards.rulebook.findings import Outcome
from tests.standards.world import World

pytestmark = pytest.mark.django_db(transaction=True)
LOT = "smelter:cathode"


def run(*arguments):
    out = StringIO()
    call_command("reperform", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def kept():
    """The verdict of a club from before an audit was on file, replaced by one from after."""
    world = World()
    world.packs()
    world.policy()
    world.copper_chain()
    world.catch_up()
    row = Assessment.objects.get(lot=LOT, club="club", is_current=True)
    world.audited()
    world.catch_up()
    return Assessment.objects.get(pk=row.pk)


def test_kept_verdicts_are_re_performed_as_they_were_known(kept):
    rows = list(Assessment.objects.filter(lot=LOT, mineral="Cu"))
    assert len(rows) > 2
    assert not kept.is_current
    assert {reperformed(row).outcome for row in rows} == {Outcome.CONFORMS}
    assert "packs alone" in run(f"lot:{LOT}")
    answers = json.loads(run(LOT, "--all", "--json"))
    assert {one["finding"]["rule_id"] for one in answers} == {"POL-09"}
    assert len(answers) == len(rows)


def test_a_verdict_that_does_not_come_out_again_names_the_rule(kept):
    kept.verdict_digest = "0" * 64
    assert "by the digest that was kept with them" in reperformed(kept).because
    kept.findings[0]["because"] = "somebody says so"
    found = reperformed(kept)
    assert (found.outcome, found.subject.id) == (Outcome.NONCONFORMING, LOT)
    assert f"differs, by {kept.findings[0]['rule_id']}" in found.because

    Assessment.objects.filter(lot=LOT, club="club").update(verdict_digest="0" * 64)
    with pytest.raises(CommandError, match="does not come out again") as refused:
        run(LOT)
    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("name", "value", "missing"),
    [
        ("code_version", "1" * 64, "the rules in version 111111111111… of the code"),
        ("packs", {"irma": "2" * 64}, "the rule pack irma with digest 222222222222…"),
        ("policy", "3" * 64, "the policy of club with digest 333333333333…"),
    ],
)
def test_what_it_rests_on_and_is_not_here_is_named(name, value, missing):
    row = Assessment(lot=LOT, mineral="Cu", club="club" if name == "policy" else "", packs={})
    row.code_version = code_version()
    setattr(row, name, value)
    found = reperformed(row)
    assert (found.outcome, found.missing) == (Outcome.INDETERMINATE, (missing,))


def test_a_lot_nobody_assessed_is_not_known():
    World()
    with pytest.raises(CommandError, match="stranger:lot"):
        run("stranger:lot")
