"""All rules, in the order in which findings are shown. Registration is a line here."""

from standards.rulebook.rule import Rule
from standards.rulebook.rules.balances import (
    account_ended_its_period_at_zero_or_above,
    account_was_never_below_zero,
    claims_draw_on_entitlement_that_had_not_expired,
    overdraft_was_made_good_in_the_next_period,
    restatements_left_no_claim_uncovered,
)
from standards.rulebook.rules.claims import (
    attributes_are_sold_once_and_together,
    claimed_share_is_the_rolling_average,
    claims_are_covered_by_entitlement,
    claims_are_within_the_contained_element,
    entitlement_rests_on_measured_recovery,
)
from standards.rulebook.rules.copper_mark import smelters_and_refiners_held_the_mark_of_this_metal
from standards.rulebook.rules.custody_models import (
    book_and_claim_claims_no_content,
    claim_is_of_no_higher_tier_than_its_source,
    claimant_owned_the_lot,
    controlled_blending_claims_the_measured_share,
    credits_retired_cover_the_claim,
    identity_preserved_has_one_source,
    lot_was_at_the_boundary_of_the_account,
    models_never_move_up_the_ladder,
    one_element_never_pays_for_another,
    segregated_metal_is_all_certified,
)
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
    claims_are_within_the_contained_element,
    claims_are_covered_by_entitlement,
    entitlement_rests_on_measured_recovery,
    account_was_never_below_zero,
    account_ended_its_period_at_zero_or_above,
    claims_draw_on_entitlement_that_had_not_expired,
    overdraft_was_made_good_in_the_next_period,
    restatements_left_no_claim_uncovered,
    attributes_are_sold_once_and_together,
    claimed_share_is_the_rolling_average,
    lot_was_at_the_boundary_of_the_account,
    claimant_owned_the_lot,
    one_element_never_pays_for_another,
    claim_is_of_no_higher_tier_than_its_source,
    models_never_move_up_the_ladder,
    identity_preserved_has_one_source,
    segregated_metal_is_all_certified,
    controlled_blending_claims_the_measured_share,
    credits_retired_cover_the_claim,
    book_and_claim_claims_no_content,
    *PLAUSIBILITY,
)
