//! Machines under random orders of events: what the fuzzer does for hours, for a moment in every test run.

use hb_base::Rng;

fn in_any_order(target: fn(&[u8]), longest: u64) {
    for seed in 0..500 {
        let mut rng = Rng::new(seed);
        let bytes: Vec<u8> = (0..rng.below(longest)).map(|_| rng.below(256) as u8).collect();
        eprintln!("seed {seed}");
        target(&bytes);
    }
}

#[test]
fn the_executors_machine_keeps_its_promises_in_any_order_of_events() {
    in_any_order(hb_fuzz::lrm::machine, 400);
}

#[test]
fn the_messaging_machine_keeps_its_promises_in_any_order_of_events() {
    in_any_order(hb_fuzz::cluster::machine, 1_600);
}

#[test]
fn the_sessions_of_the_api_keep_their_promises_in_any_order_of_events() {
    in_any_order(hb_fuzz::api::sessions, 900);
}
