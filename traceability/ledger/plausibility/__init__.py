"""Plausibility: what is possible but unlikely, as named soft checks.

The ledger refuses what cannot be; everything else it accepts, and these checks measure. They say
nothing of guilt: each has honest explanations, and whoever made the statement may answer. What is
too much is a threshold, and thresholds are dated data of those who judge, so none stands here.
"""

from traceability.ledger.plausibility.amounts import (
    BLEND,
    COUNTRY,
    GAINED,
    NAMEPLATE_MONTH,
    NAMEPLATE_YEAR,
    RECOVERY,
)
from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.habits import REPEATED, ROUND
from traceability.ledger.plausibility.journeys import BACKDATED, NIGHT, TRAVEL
from traceability.ledger.plausibility.reuse import CERTIFICATE, SEAL, TWICE
from traceability.ledger.plausibility.substance import ASSAY, MATERIAL
from traceability.ledger.plausibility.titles import GHOST, SOLD_TWICE

CHECKS: tuple[Check, ...] = (
    RECOVERY,
    NAMEPLATE_YEAR,
    NAMEPLATE_MONTH,
    COUNTRY,
    TRAVEL,
    BACKDATED,
    SEAL,
    REPEATED,
    NIGHT,
    ROUND,
    TWICE,
    MATERIAL,
    GAINED,
    ASSAY,
    CERTIFICATE,
    SOLD_TWICE,
    GHOST,
    BLEND,
)
"""All checks, in the order in which they are shown. More metal out than in is rule MB-13."""
