//! What every engine has to do, and that all do the same.

mod backup;
mod blobs;
mod changes;
mod checkpoint;
mod contract;
mod disk;
mod equivalence;
mod erasure;
mod faults;
mod idempotency;
mod inconsistent;
mod key_values;
mod open;
mod pages;
mod pruning;
mod removal;
mod removed;
mod scratch;
mod search;
mod text_index;
mod upgrade;
mod world;

pub(super) use scratch::Scratch;
use world::World;

/// Runs each case against each engine; the searches also with nothing left out of the index.
macro_rules! cases {
    ($suite:ident of $cases:ident on $($world:ident)*: $names:tt) => {
        mod $suite {
            $(cases!(@ $cases $world $names);)*
        }
    };
    (@ $cases:ident $world:ident { $($name:ident)* }) => {
        mod $world {
            use crate::journal::tests::{World, $cases};
            $(#[test] fn $name() { $cases::$name(World::$world()); })*
        }
    };
}

cases! { entries of contract on memory sqlite: {
    entries_are_numbered_from_one_without_holes_in_each_room
    only_its_author_or_a_moderator_changes_a_message
    a_message_names_its_author_deleted_or_not
    what_is_not_there_cannot_be_changed
    a_refused_draft_takes_no_number
    edits_are_folded_in
    reactions_are_counted_by_author_and_shown_in_order
    a_message_takes_so_many_kinds_of_reactions_in_all_and_of_each
    a_deleted_message_leaves_a_tombstone_without_text
    a_message_expires_at_its_time
    a_deleted_message_does_not_expire
    the_deadline_is_the_next_expiry
    the_oldest_messages_are_pruned_and_named
    old_messages_are_pruned_and_named
    moderation_is_an_entry_but_no_message
    facts_are_answered_in_order_with_appends
    a_removed_room_has_no_record_and_goes_on_counting
} }

cases! { parts of pages on memory sqlite: {
    pages_go_in_the_direction_asked_for
    around_shows_half_on_either_side
    entries_come_as_they_happened
    a_page_is_cut_at_whole_messages
    a_room_without_a_record_is_empty
    replies_are_found_and_counted_by_their_message
    replies_are_counted_up_to_a_hundred_and_not_beyond_what_is_kept
} }

cases! { ids of idempotency on memory sqlite: {
    an_id_that_comes_again_gets_the_first_answer
    an_id_with_another_body_is_a_conflict
    an_id_is_unique_per_author
    an_id_is_known_after_its_message_was_deleted
    what_came_before_is_recognised_and_nothing_is_added
    an_id_of_a_refused_draft_is_not_taken
    an_id_is_forgotten_with_its_pruned_message
    an_id_is_forgotten_with_its_removed_room
} }

cases! { searches of search on memory sqlite indexed: {
    what_was_said_is_found_by_its_words
    a_query_is_never_an_expression
    a_deleted_message_is_not_found
    an_edited_message_is_found_as_it_reads_now
    an_expired_message_is_not_found
    a_pruned_message_is_not_found
    a_message_of_a_removed_room_is_not_found
    only_the_rooms_named_are_searched
    a_finding_is_cut_at_whole_messages
    a_search_shows_what_was_answered_before_it
    many_searches_of_one_asker_do_not_keep_another_waiting
    an_asker_has_at_most_sixteen_searches_under_way
    a_filter_narrows_a_search
    a_filter_alone_finds_messages
    a_filtered_search_looks_at_no_more_entries_than_another
} }
