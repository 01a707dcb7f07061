//! Each planted bug is found by an invariant that is meant to find it, within a bounded number of seeds.
#![cfg(feature = "planted-bugs")]

use hb_sim::plants;
use hb_sim::truth::Invariant;

#[test]
fn every_planted_bug_is_found() {
    let results = plants::hunt_all();
    println!("{}", plants::table(&results));
    assert_eq!(results.len(), plants::all().len());
    let missed: Vec<&str> = results.iter().filter(|(_, f)| f.is_none()).map(|(p, _)| p.name).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
    // Each of these can find something, and not only beside another one.
    let found = |invariant| {
        results.iter().any(|(_, found)| found.as_ref().is_some_and(|f| f.violation.invariant == invariant))
    };
    use Invariant as I;
    let must = [
        I::ActiveOnce,
        I::TakeoverConfirmed,
        I::Order,
        I::Duplicate,
        I::Gap,
        I::Bound,
        I::OwnPause,
        I::FalseDeath,
        I::LateDeath,
        I::Generation,
        I::Progress,
    ];
    let idle: Vec<Invariant> = must.into_iter().filter(|invariant| !found(*invariant)).collect();
    assert!(idle.is_empty(), "found nothing: {idle:?}");
}

#[test]
fn without_a_plant_nothing_is_planted() {
    assert!(plants::named("no_such_bug").is_none());
    assert!(all_names_differ());
}

fn all_names_differ() -> bool {
    let mut names: Vec<&str> = plants::all().iter().map(|plant| plant.name).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}
