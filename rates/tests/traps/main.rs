//! Forty traps that have cost drivers or car parks money, each with its right value.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

#[path = "../common/mod.rs"]
mod common;
mod money;
mod rules;
#[path = "../common/tables.rs"]
mod tables;
mod time;

use std::collections::BTreeSet;

use common::table;

/// Each trap, and the test of its right value.
const TRAPS: [(&str, fn()); 40] = [
    ("dst-spring", time::an_hour_that_the_clock_skips_is_not_charged),
    ("dst-autumn", time::an_hour_that_happens_twice_is_charged_twice),
    ("dst-grace", time::the_time_to_leave_is_reckoned_by_instants),
    ("day-25h-rolling", time::twenty_four_hours_are_not_a_day_by_the_clock),
    ("night-9h", time::a_night_costs_the_same_with_seven_hours_and_with_nine),
    (
        "boundary-in-gap",
        time::a_boundary_that_the_clock_skips_holds_from_the_first_instant_behind_the_gap,
    ),
    ("grace-edge", rules::a_stay_of_exactly_the_grace_is_charged),
    ("free-first", rules::free_first_hours_are_taken_off),
    ("cap-24h-repeat", rules::a_cap_that_repeats_begins_the_tiers_anew),
    ("cap-once", rules::a_cap_that_holds_once_holds_once),
    ("midnight-in-unit", time::a_unit_over_midnight_is_one_unit),
    ("night-before-weekend", time::a_night_that_reaches_into_the_weekend_is_a_night),
    ("early-bird-edge", time::a_window_ends_before_its_end),
    ("cheapest", rules::the_cheapest_that_the_driver_qualifies_for_is_charged),
    ("free-window", time::free_hours_in_a_stay_are_skipped_or_split_as_the_table_says),
    ("pro-rata", rules::pro_rata_time_of_several_days_is_summed),
    ("tariff-change-mid-unit", rules::a_boundary_in_a_step_is_rounded_once_at_the_end),
    ("ocpi-354", rules::the_last_step_rounds_the_whole_stay),
    ("hours-4-decimals", time::time_is_never_decimal_hours),
    (
        "end-midnight",
        time::midnight_ends_a_window_that_begins_in_the_evening_and_a_day_that_has_no_beginning,
    ),
    ("min-unpriced", rules::a_minimum_that_applies_is_charged_for_free_time),
    ("min-max", rules::a_minimum_above_the_maximum_is_refused_and_the_maximum_would_hold),
    ("vat-inside", money::tax_inside_a_price_is_taken_out_of_it),
    ("vat-once", money::tax_is_rounded_once_for_a_bill),
    ("wallet-tax", money::prepaid_credit_is_money_and_no_discount),
    ("half-cent", money::a_discount_is_rounded_before_the_tax_on_what_is_left),
    ("price-version", rules::a_new_version_holds_for_new_entries_unless_the_table_says_segment),
    ("dynamic-locked", rules::the_factor_of_the_entry_is_locked),
    ("reentry", rules::a_car_that_comes_back_soon_has_no_second_free_time),
    ("lost-ticket", rules::the_fee_for_a_lost_ticket_is_not_for_a_plate_that_was_read),
    ("prepay-night", time::money_that_is_paid_before_charging_begins_counts_from_its_beginning),
    ("overpay", time::money_that_is_paid_past_the_end_of_charging_lasts_as_crossing_says),
    ("tiers-gap", rules::a_gap_between_tiers_is_refused),
    ("per-unit", rules::a_price_is_per_unit_and_its_step_is_said),
    ("first-free-steps", rules::steps_begin_behind_the_first_free_minutes),
    ("one-of-many", rules::one_permit_covers_one_car),
    ("weekly", rules::a_week_costs_five_days),
    ("absurd-auto", rules::an_absurd_bill_is_held_for_a_person),
    ("zero", rules::no_time_costs_nothing_and_the_first_minute_does),
    ("float", money::a_price_is_never_a_float),
];

/// A trap that is taken out, or that shares another's test, is missed here.
#[test]
fn forty_traps_have_a_test_of_their_own() {
    let names: BTreeSet<&str> = TRAPS.iter().map(|(name, _)| *name).collect();
    let tests: BTreeSet<usize> = TRAPS.iter().map(|(_, test)| *test as usize).collect();
    assert_eq!((names.len(), tests.len()), (40, 40));
    for (_, test) in TRAPS {
        test();
    }
}
