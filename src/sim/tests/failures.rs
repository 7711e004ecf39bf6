//! Rotations that fail, with nobody watching: whether the world itself does what functions, the service and people do.

mod labels;

use machine::model::{SecretArn, Step, VersionId};

use super::*;
use crate::sim::scenario::arn;
use crate::sim::world::{Account, Code, End, Failing, Kind, Manner, Move, Mover, Reads, Retries, Touch};

const ENGINE: Kind = Kind::SingleUser { engine: "MySQL" };

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn secret() -> SecretArn {
    arn("shop/mysql")
}

fn version(n: u32) -> VersionId {
    VersionId::new(format!("shop-mysql-v{n}"))
}

fn orders() -> ConsumerId {
    ConsumerId::service("prod", "orders")
}

/// One secret and one service. The rotation begins a minute after the start; its steps end 1, 2, 4 and 5 s later.
struct Story {
    scenario: Scenario,
    begins: Timestamp,
}

impl Story {
    fn of(code: Code, failing: Option<Failing>) -> Self {
        let mut scenario = Scenario::empty(1);
        scenario.secret("shop/mysql", ENGINE, &[60]);
        scenario.service("orders", &["shop/mysql"], Reads::Injected);
        let begins = scenario.start + seconds(60);
        let rotation = &mut scenario.secrets[0].rotations[0];
        rotation.at = begins;
        rotation.steps = [1, 1, 2, 1].map(seconds);
        rotation.fails = failing;
        rotation.manner = Some(Manner {
            code,
            retries: Retries {
                most: Some(0),
                after: seconds(30),
                anew: false,
            },
            sets_back: None,
        });
        Self { scenario, begins }
    }

    /// A template whose step fails for ever, before its effect.
    fn failing_in(step: Step) -> Self {
        Self::of(Code::Template, Some(failing(step, u32::MAX, false)))
    }

    fn manner(&mut self) -> &mut Manner {
        let manner = &mut self.scenario.secrets[0].rotations[0].manner;
        manner.as_mut().expect("it has one")
    }

    fn touched(mut self, after: i64, touch: Touch) -> Self {
        let at = self.begins + seconds(after);
        self.scenario.secrets[0].touches.push((at, touch));
        self
    }

    /// The account so many seconds after the rotation's begin.
    fn after(&self, length: i64) -> World {
        unwatched(&self.scenario, self.begins + seconds(length))
    }
}

fn failing(step: Step, times: u32, after_effect: bool) -> Failing {
    Failing {
        step,
        times,
        after_effect,
    }
}

/// How every invocation for a version ended, in order.
fn ends(world: &World, version: &VersionId) -> Vec<(Step, End)> {
    let invoked = &world.secrets[&secret()].history[version].invoked;
    invoked.iter().map(|one| (one.step, one.end)).collect()
}

fn moves(world: &World) -> Vec<(VersionId, Mover)> {
    let moved = |one: &Move| (one.to.clone(), one.by);
    world.truth().moves(&secret()).iter().map(moved).collect()
}

fn accepts(world: &World, version: &VersionId) -> bool {
    let truth = world.truth();
    let since = truth.accepted_since(&secret(), version, Account::First, world.now());
    since.is_some()
}

fn labels(world: &World) -> (Option<VersionId>, Option<VersionId>) {
    let labels = &world.secrets[&secret()].labels;
    (labels.current.clone(), labels.pending.clone())
}

fn fails(world: &World) -> bool {
    world.outages[&orders()].is_open()
}

/// What the rotation Lambda logged, between two seconds of the rotation.
fn log(story: &Story, world: &World, from: i64, to: i64) -> Vec<String> {
    let span = story.begins + seconds(from)..=story.begins + seconds(to);
    let lines = world.logs.values().flatten();
    let lines = lines.filter(|line| span.contains(&line.at));
    lines.map(|line| line.message.clone()).collect()
}

fn tells(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[test]
fn retries_end_and_the_rotation_stays_as_it_is() {
    for (most, times) in [(0, 1), (1, 2), (5, 6)] {
        let mut story = Story::failing_in(Step::TestSecret);
        story.manner().retries.most = Some(most);
        let world = story.after(3_600);
        let tested = ends(&world, &version(2));
        let failed = tested
            .iter()
            .filter(|end| **end == (Step::TestSecret, End::Failed));
        assert_eq!(failed.count(), times, "{most} retries");
        assert_eq!(labels(&world), (Some(version(1)), Some(version(2))));
        assert!(accepts(&world, &version(2)) && !accepts(&world, &version(1)));
        assert!(fails(&world), "nobody can get the password");
        let truth = world.truth();
        assert!(truth.was_set_by(&secret(), &version(2), story.begins + seconds(2)));
        assert!(!truth.was_set_by(&secret(), &version(2), story.begins + seconds(1)));
        let first = truth.failed_after_set(&secret(), &version(2));
        assert_eq!(first, Some(story.begins + seconds(4)));
    }
}

#[test]
fn a_service_that_never_gives_up_tries_the_same_version_for_ever() {
    let mut story = Story::failing_in(Step::TestSecret);
    story.manner().retries.most = None;
    let world = story.after(3_600);
    assert!(ends(&world, &version(2)).len() > 250);
    assert_eq!(labels(&world).1, Some(version(2)));
}

/// The template knows no password that works: that of the version before has no label any more.
#[test]
fn another_version_after_set_secret_locks_a_template_out() {
    let mut story = Story::failing_in(Step::TestSecret);
    story.manner().retries = Retries {
        most: Some(1),
        after: seconds(30),
        anew: true,
    };
    let world = story.after(3_600);
    assert_eq!(labels(&world), (Some(version(1)), Some(version(3))));
    assert!(accepts(&world, &version(2)), "which nobody can read");
    let expected = [(Step::CreateSecret, End::Well), (Step::SetSecret, End::Failed)];
    assert_eq!(ends(&world, &version(3)), expected);
    let lines = log(&story, &world, 30, 60);
    assert!(tells(
        &lines,
        "setSecret: Unable to log into database with previous, current, or pending"
    ));
    assert!(fails(&world));

    let mut own = Story::of(Code::Own, Some(failing(Step::TestSecret, 1, false)));
    own.manner().retries = story.manner().retries.clone();
    let world = own.after(3_600);
    assert!(
        accepts(&world, &version(3)),
        "an administrator sets it all the same"
    );
    assert_eq!(labels(&world).0, Some(version(3)));
}

/// Whatever its owner's own function finds, it moves the label and sets the password.
#[test]
fn an_own_function_moves_blindly_fails_and_sets_again() {
    for (code, end) in [(Code::Own, End::Failed), (Code::Template, End::Overtaken)] {
        let mut story = Story::of(code, Some(failing(Step::FinishSecret, 1, true)));
        story.scenario.secrets[0].rotations[0].steps[3] = seconds(3);
        let story = story.touched(5, Touch::Put { told: false });
        let world = story.after(10);
        assert_eq!(ends(&world, &version(2)).pop(), Some((Step::FinishSecret, end)));
        let by_function = (version(2), Mover::Function);
        let by_both = [(version(3), Mover::Person), by_function];
        let count = if code == Code::Own { 2 } else { 1 };
        assert_eq!(moves(&world), by_both[..count]);
    }

    let mut story = Story::of(Code::Own, Some(failing(Step::TestSecret, 1, false)));
    story.manner().retries.most = Some(1);
    let world = story.after(60);
    let lines = log(&story, &world, 30, 60);
    assert!(
        tells(&lines, "setSecret: Successfully set password for user app"),
        "{lines:#?}"
    );
    assert_eq!(moves(&world), [(version(2), Mover::Function)]);
}

/// Its setSecret was under way when a person moved the label back, and sets the password after that.
#[test]
fn a_function_goes_on_after_somebody_else_moved_the_label() {
    let mut story = Story::failing_in(Step::TestSecret);
    story.scenario.secrets[0].rotations[0].steps[2] = seconds(30);
    let mut world = story.after(10);
    assert_eq!(world.promote(&secret(), &version(2), &version(1)), Ok(()));
    world.advance(story.begins + seconds(60));
    assert_eq!(
        ends(&world, &version(2)).pop(),
        Some((Step::TestSecret, End::Failed))
    );

    let mut story = Story::of(Code::Own, Some(failing(Step::TestSecret, u32::MAX, false)));
    story.scenario.secrets[0].rotations[0].steps[1] = seconds(30);
    let story = story.touched(10, Touch::Put { told: true });
    let world = story.after(60);
    assert_eq!(labels(&world).0, Some(version(3)));
    assert!(accepts(&world, &version(2)) && !accepts(&world, &version(3)));
    let ended = ends(&world, &version(2));
    assert_eq!(
        ended.last(),
        Some(&(Step::SetSecret, End::Well)),
        "and the service stopped then"
    );
    assert!(fails(&world));
}

/// Between the two accounts; then somebody promotes, and the retry returns at once.
#[test]
fn a_second_account_is_left_behind() {
    let mut story = Story::of(Code::Template, Some(failing(Step::SetSecret, 1, true)));
    story.scenario.secrets[0].two_accounts = true;
    story
        .scenario
        .service("reports", &["shop/mysql"], Reads::Injected);
    story.scenario.services[1].account = Account::Second;
    story.manner().retries.most = Some(1);
    let reports = story.scenario.services[1].id.clone();
    let mut promoted = story.after(10);
    let truth = promoted.truth();
    let since = |account| truth.accepted_since(&secret(), &version(2), account, promoted.now());
    assert_eq!(since(Account::First), Some(story.begins + seconds(2)));
    assert_eq!(since(Account::Second), None);
    assert!(!truth.was_set_by(&secret(), &version(2), promoted.now()));
    assert!(fails(&promoted) && !promoted.outages[&reports].is_open());

    assert_eq!(promoted.promote(&secret(), &version(2), &version(1)), Ok(()));
    promoted.advance(story.begins + seconds(120));
    assert!(promoted.truth().left_an_account_behind(&secret()));
    assert!(
        !promoted.outages[&reports].is_open(),
        "its tasks hold the old password, which works"
    );
    promoted.force_deployment(&reports, promoted.now());
    promoted.advance(story.begins + seconds(180));
    assert!(promoted.outages[&reports].is_open());

    let world = story.after(120);
    assert_eq!(moves(&world), [(version(2), Mover::Function)]);
    assert!(
        !world.truth().left_an_account_behind(&secret()),
        "the retry sets the rest"
    );
}

/// The logged error is not the end of the invocation.
#[test]
fn test_secret_sets_the_database_back_after_its_logged_error() {
    let mut story = Story::failing_in(Step::TestSecret);
    story.manner().sets_back = Some(seconds(10));
    let world = story.after(13);
    let lines = log(&story, &world, 4, 13);
    assert!(tells(&lines, "[ERROR]\t") && !tells(&lines, "[ERROR] ValueError"));
    assert!(accepts(&world, &version(2)) && fails(&world));
    assert_eq!(ends(&world, &version(2)).len(), 2, "testSecret goes on");
    let world = story.after(15);
    assert!(tells(&log(&story, &world, 14, 15), "[ERROR] ValueError"));
    assert!(accepts(&world, &version(1)) && !accepts(&world, &version(2)) && !fails(&world));
    assert_eq!(
        ends(&world, &version(2)).pop(),
        Some((Step::TestSecret, End::Failed))
    );
    assert_eq!(moves(&world), []);
}

#[test]
fn a_person_sets_the_database_back_without_a_label() {
    let story = Story::failing_in(Step::TestSecret).touched(60, Touch::SetBack);
    assert!(fails(&story.after(59)));
    let world = story.after(61);
    assert!(!fails(&world));
    let since = |version: &VersionId, at: i64| {
        let at = story.begins + seconds(at);
        world
            .truth()
            .accepted_since(&secret(), version, Account::First, at)
    };
    assert_eq!(since(&version(1), 61), Some(story.begins + seconds(60)));
    assert_eq!(since(&version(2), 61), None);
    assert_eq!(since(&version(2), 59), Some(story.begins + seconds(2)));
    assert_eq!(since(&version(1), 59), None);
    assert_eq!((moves(&world), labels(&world).1), (vec![], Some(version(2))));
}

/// Whoever is started anew after the move gets the password that works; after the rollback, who was not.
#[test]
fn a_person_promotes_and_moves_back_with_the_database() {
    let story = Story::failing_in(Step::TestSecret);
    let story = story.touched(60, Touch::Promote).touched(120, Touch::RollBack);
    let mut world = story.after(61);
    assert_eq!(labels(&world), (Some(version(2)), Some(version(2))));
    assert!(fails(&world), "its tasks hold the old password");
    world.force_deployment(&orders(), world.now());
    world.advance(story.begins + seconds(119));
    assert!(!fails(&world));
    world.advance(story.begins + seconds(121));
    assert_eq!(
        labels(&world),
        (Some(version(1)), Some(version(2))),
        "AWSPENDING stays"
    );
    assert!(accepts(&world, &version(1)) && fails(&world));
    let by_a_person = |n| (version(n), Mover::Person);
    assert_eq!(moves(&world), [by_a_person(2), by_a_person(1)]);
}

/// What roll forward is for: AWSPENDING logs in, AWSCURRENT does not, and nobody can get it. Once the label is moved, the
/// next retry returns at once.
#[test]
fn the_demos_failed_rotation_waits_for_its_label() {
    let scenario = Scenario::demo(1);
    let search = arn("search/postgres");
    let [old, new] = [1, 2].map(|n| VersionId::new(format!("search-postgres-v{n}")));
    let mut world = unwatched(&scenario, scenario.start + seconds(240));
    let truth = world.truth();
    let since = |version| truth.accepted_since(&search, version, Account::First, world.now());
    assert!(since(&new).is_some() && since(&old).is_none());
    assert!(truth.was_set_by(&search, &new, world.now()));
    assert!(truth.failed_after_set(&search, &new).is_some());
    assert_eq!(world.promote(&search, &new, &old), Ok(()));
    world.advance(world.now() + seconds(30));
    let invoked = &world.secrets[&search].history[&new].invoked;
    assert_eq!(invoked.last().map(|one| one.end), Some(End::AtOnce));
}
