//! Bans, mutes, locks and slow mode.

use super::*;

#[test]
fn a_banned_guest_is_kept_out_by_session_name_and_network_until_the_ban_ends() {
    let mut rules = Rules::none();
    let mallory = guest(2, "Mallory", 1, 500);
    apply(&mut rules, ModerationAction::Ban, Some(60), Some(&mallory));
    let enters = |rules: &Rules, who: &Actor, now| code(rules.check_entry(who, at(now)));
    for who in [
        mallory.clone(),
        guest(3, "M\u{430}llory", 9, 500),
        guest(4, "Mallory-2", 9, STAMP + 1),
        guest(5, "Eve", 1, STAMP + 1),
    ] {
        assert_eq!(enters(&rules, &who, 59_999), Some(Code::Banned), "{who:?}");
        assert_eq!(enters(&rules, &who, 60_000), None, "{who:?}");
    }
    // Who was here before the ban is not bound by the network, nor an account by the name.
    assert_eq!(enters(&rules, &guest(6, "Bob", 1, STAMP - 1), 0), None);
    let account = Actor { account: true, ..guest(7, "Mallory", 1, STAMP - 1) };
    assert_eq!(enters(&rules, &account, 0), None);
    apply(&mut rules, ModerationAction::Unban, None, Some(&mallory));
    assert_eq!((enters(&rules, &mallory, 0), rules.bans(at(0))), (None, 0));
}

#[test]
fn a_guest_that_a_ban_caught_by_network_can_be_freed_alone() {
    let mut rules = Rules::none();
    let mallory = guest(2, "Mallory", 1, 500);
    apply(&mut rules, ModerationAction::Ban, None, Some(&mallory));
    let bob = guest(3, "Bob", 1, STAMP + 1);
    assert!(rules.bans_actor(&bob, at(0)) && !rules.bans_author(bob.author));
    apply(&mut rules, ModerationAction::Unban, None, Some(&bob));
    assert!(!rules.bans_actor(&bob, at(0)) && rules.bans_actor(&mallory, at(0)));
    assert!(rules.bans_actor(&guest(4, "Eve", 1, STAMP + 1), at(0)));
}

#[test]
fn a_mute_stops_posts_and_a_lock_stops_all_but_moderators() {
    let mut rules = Rules::none();
    let (bob, mod_) = (guest(2, "Bob", 1, 500), guest(3, "Mo", 2, 500));
    apply(&mut rules, ModerationAction::Promote, None, Some(&mod_));
    apply(&mut rules, ModerationAction::Mute, Some(5), Some(&bob));
    assert_eq!(code(rules.check_speech(&bob, at(4999))), Some(Code::Muted));
    assert_eq!(code(rules.check_speech(&bob, at(5000))), None);
    assert_eq!(code(rules.check_entry(&bob, at(0))), None);
    apply(&mut rules, ModerationAction::Lock, None, None);
    assert_eq!(code(rules.check_speech(&bob, at(5000))), Some(Code::RoomLocked));
    assert_eq!(code(rules.check_speech(&mod_, at(5000))), None);
    apply(&mut rules, ModerationAction::Unlock, None, None);
    assert_eq!(code(rules.check_speech(&bob, at(5000))), None);
}

#[test]
fn slow_mode_makes_each_author_wait_but_no_moderator() {
    let mut rules = Rules::none();
    apply(&mut rules, ModerationAction::Slow, Some(10), None);
    rules.speaks(author(2), at(1000));
    let pace = |author, admin, now| code(rules.check_pace(author, admin, at(now)));
    assert_eq!(pace(author(2), false, 10_999), Some(Code::SlowMode));
    assert_eq!(pace(author(2), false, 11_000), None);
    assert_eq!((pace(author(3), false, 1000), pace(author(2), true, 1000)), (None, None));
}

#[test]
fn the_latest_posters_over_http_are_found_by_name_and_by_author() {
    let mut posters = Posters::default();
    for n in 1..=17 {
        posters.note(guest(n, if n % 2 == 0 { "Even" } else { "Odd" }, n, 0));
    }
    assert_eq!(posters.get(author(1)), None, "only sixteen are remembered");
    assert_eq!(posters.named("odd").unwrap().author, author(17));
    posters.forget(author(17));
    assert_eq!(posters.named("0dd").unwrap().author, author(15));
    assert!(posters.named("Neither").is_none());
}
