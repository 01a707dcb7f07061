//! Machines under random orders of events: what the fuzzer does for hours, for a moment in every test run.

use hb_base::Rng;

#[test]
fn the_executors_machine_keeps_its_promises_in_any_order_of_events() {
    for seed in 0..500 {
        let mut rng = Rng::new(seed);
        let bytes: Vec<u8> = (0..rng.below(400)).map(|_| rng.below(256) as u8).collect();
        eprintln!("seed {seed}");
        hb_fuzz::lrm::machine(&bytes);
    }
}
