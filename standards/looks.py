"""How verdicts and outcomes look: a class for the colour, a sign for those who do not see it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from standards.rulebook.findings import Outcome
from standards.rulebook.policy import Verdict

LOOKS: Mapping[str, tuple[str, str, Any]] = {
    Verdict.PASS: ("l-good", "✓", _("pass")),
    Verdict.GRACE: ("l-calm", "◔", _("grace")),
    Verdict.WAIVED: ("l-calm", "≈", _("waived")),
    Verdict.INDETERMINATE: ("l-ask", "?", _("cannot tell")),
    Verdict.FAIL: ("l-bad", "✕", _("fail")),
    Outcome.CONFORMS: ("l-good", "✓", _("conforms")),
    Outcome.NONCONFORMING: ("l-bad", "✕", _("does not conform")),
    Outcome.NOT_APPLICABLE: ("", "·", _("not applicable")),
}
