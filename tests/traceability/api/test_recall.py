"""What came of a facility or a lot, over HTTP: who is told what, in which form, and bad input."""

import json

import pytest

pytestmark = pytest.mark.django_db

ASKED = "facilities/acme:mine/recall?from=2026-03-01"


def told(answer):
    assert answer.status_code == 200, answer.getvalue()
    return json.loads(answer.getvalue())


def lots(answer):
    return {line["lot"]: line for line in told(answer)["lots"]}


def test_x(world):
    print(json.dumps(told(world.get("operator", ASKED)), indent=1))
    print(json.dumps(told(world.get("operator", "lots/acme:L2/descendants")), indent=1))
    print(json.dumps(told(world.get("acme", ASKED)), indent=1))
    print(json.dumps(world.get("bolt", "lots/bolt:C/provenance").json(), indent=1))
    assert 0
