"""All rules, in the order in which findings are shown. Registration is a line here."""

from collections.abc import Mapping

from standards.rulebook.bounds import CHECKS
from standards.rulebook.rule import Rule
from standards.rulebook.rules.asi import (
    each_step_holds_both_certificates,
    no_larger_share_goes_out_than_came_in,
)
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
from standards.rulebook.rules.cmsi import nothing_rests_on_a_draft
from standards.rulebook.rules.copper_mark import smelters_and_refiners_held_the_mark_of_this_metal
from standards.rulebook.rules.copper_mark_awards import (
    improvement_plans_are_done_or_not_yet_due,
    no_due_diligence_status_is_offered_as_a_mark,
    smelters_and_refiners_held_an_award,
    the_award_is_not_older_than_its_term,
    the_criteria_that_matter_are_fully_met,
)
from standards.rulebook.rules.copper_mark_claims import (
    only_eligible_input_is_counted,
    product_claims_are_about_copper_only,
    product_claims_rest_on_chain_of_custody,
    the_eligible_share_is_enough,
    the_model_is_one_the_standard_allows,
    the_site_has_award_and_chain_of_custody,
)
from standards.rulebook.rules.credentials import (
    activities_are_in_scope,
    an_independent_party_assessed_the_site,
    complaints_are_known,
    credentials_are_about_the_very_site,
    credentials_come_from_those_who_may_speak,
    credentials_were_in_good_standing,
    credentials_were_valid_on_the_day,
    standards_are_final_and_accepted,
    the_last_word_is_recent_enough,
    the_metal_is_in_scope,
)
from standards.rulebook.rules.custody_models import (
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
from standards.rulebook.rules.entity_lists import nobody_on_the_path_is_on_a_list
from standards.rulebook.rules.eu_due_diligence import (
    schemes_said_to_be_recognized_are,
    the_battery_operator_is_diligent,
    the_importer_is_small_or_diligent,
)
from standards.rulebook.rules.gba import no_pilot_score_is_used_as_a_threshold
from standards.rulebook.rules.geography import (
    enough_metal_was_mined_in_the_group,
    no_metal_touched_a_covered_nation,
)
from standards.rulebook.rules.icmm import the_asset_was_validated
from standards.rulebook.rules.irma import metal_comes_from_mines_with_the_required_level
from standards.rulebook.rules.irma_audits import (
    an_audit_of_the_mine_was_published,
    no_level_rests_on_a_draft,
    surveillance_is_done_or_not_yet_due,
    the_latest_published_audit_is_relied_on,
    the_mine_is_what_irma_audits,
)
from standards.rulebook.rules.irma_claims import (
    claims_use_the_words_of_irma,
    recycled_metal_is_not_counted_as_mined,
    the_claim_says_what_must_stand_on_it,
    the_claimed_share_has_a_source,
)
from standards.rulebook.rules.irma_custody import (
    book_and_claim_claims_no_content,
    contractors_are_covered,
    everybody_who_passed_the_claim_was_assessed,
    no_model_is_stricter_than_its_path,
)
from standards.rulebook.rules.irma_scores import (
    critical_requirements_are_met,
    published_levels_follow_from_published_scores,
)
from standards.rulebook.rules.lme import the_brand_is_listed_with_track_and_certificates
from standards.rulebook.rules.mass import no_step_gave_more_metal_than_it_took
from standards.rulebook.rules.oecd import (
    mitigation_makes_progress_in_time,
    nobody_commits_the_gravest_abuses,
    red_flags_were_looked_into,
)
from standards.rulebook.rules.performance import claims_rest_on_custody_and_performance
from standards.rulebook.rules.plausibility import PLAUSIBILITY
from standards.rulebook.rules.policy import (
    enough_of_a_blend_is_eligible,
    equivalences_match_the_decision,
    grace_is_for_renewals_in_time,
    no_equivalence_rests_on_another,
    sites_reach_the_tier_of_their_stage,
    stakeholders_had_their_say,
)
from standards.rulebook.rules.reconciling import stocktakes_found_what_the_books_held
from standards.rulebook.rules.responsiblesteel import claims_about_steel_rest_on_progress_levels
from standards.rulebook.rules.rmi import (
    conformance_is_offered_for_what_it_is,
    smelters_and_refiners_are_listed_for_this_metal,
    smelters_and_refiners_were_conformant,
    the_next_assessment_is_not_overdue,
)
from standards.rulebook.rules.rmi_forms import (
    countries_agree_with_sources,
    declarations_are_complete_enough,
    mandatory_questions_are_answered,
    smelters_named_are_on_the_list,
    the_template_is_for_this_mineral,
)
from standards.rulebook.rules.scheme_accounts import (
    claims_exceed_neither_quantity_nor_level,
    credits_are_retired_for_the_claim_alone,
    the_account_keeps_its_limits,
    the_balance_is_in_order,
)
from standards.rulebook.rules.tsm import (
    indicators_have_the_letters_asked_for,
    letters_were_verified_in_time,
    nobody_makes_one_grade_of_the_letters,
)
from standards.rulebook.rules.void_credentials import no_credential_is_void

_CREDENTIALS = (
    credentials_come_from_those_who_may_speak,
    credentials_are_about_the_very_site,
    activities_are_in_scope,
    the_metal_is_in_scope,
    credentials_were_valid_on_the_day,
    credentials_were_in_good_standing,
    standards_are_final_and_accepted,
    an_independent_party_assessed_the_site,
    the_last_word_is_recent_enough,
    complaints_are_known,
    no_credential_is_void,
)
_IRMA = (
    published_levels_follow_from_published_scores,
    metal_comes_from_mines_with_the_required_level,
    critical_requirements_are_met,
    an_audit_of_the_mine_was_published,
    surveillance_is_done_or_not_yet_due,
    the_latest_published_audit_is_relied_on,
    no_level_rests_on_a_draft,
    the_mine_is_what_irma_audits,
    claims_use_the_words_of_irma,
    everybody_who_passed_the_claim_was_assessed,
    no_model_is_stricter_than_its_path,
    the_claimed_share_has_a_source,
    book_and_claim_claims_no_content,
    claims_exceed_neither_quantity_nor_level,
    recycled_metal_is_not_counted_as_mined,
    contractors_are_covered,
    the_claim_says_what_must_stand_on_it,
    the_account_keeps_its_limits,
    credits_are_retired_for_the_claim_alone,
)
_COPPER_MARK = (
    smelters_and_refiners_held_an_award,
    smelters_and_refiners_held_the_mark_of_this_metal,
    the_criteria_that_matter_are_fully_met,
    improvement_plans_are_done_or_not_yet_due,
    the_award_is_not_older_than_its_term,
    no_due_diligence_status_is_offered_as_a_mark,
    product_claims_rest_on_chain_of_custody,
    the_site_has_award_and_chain_of_custody,
    product_claims_are_about_copper_only,
    the_model_is_one_the_standard_allows,
    the_balance_is_in_order,
    only_eligible_input_is_counted,
    the_eligible_share_is_enough,
)
_SITE_PROGRAMMES = (
    indicators_have_the_letters_asked_for,
    letters_were_verified_in_time,
    nobody_makes_one_grade_of_the_letters,
    the_asset_was_validated,
    nothing_rests_on_a_draft,
    each_step_holds_both_certificates,
    no_larger_share_goes_out_than_came_in,
    claims_about_steel_rest_on_progress_levels,
    no_pilot_score_is_used_as_a_threshold,
)
_RMI = (
    smelters_and_refiners_were_conformant,
    smelters_and_refiners_are_listed_for_this_metal,
    the_next_assessment_is_not_overdue,
    the_template_is_for_this_mineral,
    mandatory_questions_are_answered,
    countries_agree_with_sources,
    smelters_named_are_on_the_list,
    declarations_are_complete_enough,
    conformance_is_offered_for_what_it_is,
)
_DUE_DILIGENCE = (
    red_flags_were_looked_into,
    nobody_commits_the_gravest_abuses,
    mitigation_makes_progress_in_time,
    the_brand_is_listed_with_track_and_certificates,
)
_LAW = (
    nobody_on_the_path_is_on_a_list,
    the_importer_is_small_or_diligent,
    the_battery_operator_is_diligent,
    schemes_said_to_be_recognized_are,
)
_POLICY = (
    sites_reach_the_tier_of_their_stage,
    equivalences_match_the_decision,
    no_equivalence_rests_on_another,
    grace_is_for_renewals_in_time,
    enough_of_a_blend_is_eligible,
    stakeholders_had_their_say,
)
RULES: tuple[Rule, ...] = (
    enough_metal_was_mined_in_the_group,
    no_metal_touched_a_covered_nation,
    *_CREDENTIALS,
    *_IRMA,
    *_COPPER_MARK,
    *_SITE_PROGRAMMES,
    *_RMI,
    *_DUE_DILIGENCE,
    *_LAW,
    *_POLICY,
    no_step_gave_more_metal_than_it_took,
    claims_are_within_the_contained_element,
    claims_are_covered_by_entitlement,
    entitlement_rests_on_measured_recovery,
    account_was_never_below_zero,
    account_ended_its_period_at_zero_or_above,
    claims_draw_on_entitlement_that_had_not_expired,
    overdraft_was_made_good_in_the_next_period,
    stocktakes_found_what_the_books_held,
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
    claims_rest_on_custody_and_performance,
    *PLAUSIBILITY,
)

_TITLES: Mapping[str, str] = {rule.id: rule.title for rule in RULES} | {
    check.id: check.title for check in CHECKS
}


def title_of(rule_id: str) -> str:
    """Return what a rule, or a check of waivers, is called; its id where nobody knows it now."""
    return _TITLES.get(rule_id, rule_id)
