"""Cobalt, a form that contradicts the record, and a waiver: from first offer to a grave finding."""

import pytest

from standards.demonstrating import shipped_scenario
from standards.models import Flag, Judgement
from standards.replaying import replay

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_form_is_corrected_and_a_waiver_ends_with_a_grave_finding():
    done = replay(shipped_scenario("due_diligence"))
    assert [one.differences for one in done.answers] == [[]] * len(done.answers)

    row = Judgement.objects.get(lot="bothnia-cobalt:S-1", mineral="Co", is_current=True)
    told = {one["rule_id"]: one["because"] for one in row.reasons}
    assert "lualaba-hill:pit: forced labour, a credible finding" in told["OECD-02"]
    assert "aurora-club:W-1 is void for this lot: OECD-02 fails" in told["RMI-05"]
    assert set(Flag.objects.exclude(status="closed").values_list("rule_id", flat=True)) >= {
        "OECD-02",
        "RMI-05",
    }
