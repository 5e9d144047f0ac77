"""All rules, in the order in which findings are shown. Registration is a line here."""

from standards.rulebook.rule import Rule
from standards.rulebook.rules.copper_mark import smelters_and_refiners_held_the_mark_of_this_metal
from standards.rulebook.rules.geography import (
    enough_metal_was_mined_in_the_group,
    no_metal_touched_a_covered_nation,
)
from standards.rulebook.rules.irma import metal_comes_from_mines_with_the_required_level
from standards.rulebook.rules.mass import no_step_gave_more_metal_than_it_took
from standards.rulebook.rules.plausibility import PLAUSIBILITY

RULES: tuple[Rule, ...] = (
    enough_metal_was_mined_in_the_group,
    no_metal_touched_a_covered_nation,
    metal_comes_from_mines_with_the_required_level,
    smelters_and_refiners_held_the_mark_of_this_metal,
    no_step_gave_more_metal_than_it_took,
    *PLAUSIBILITY,
)
