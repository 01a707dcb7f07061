//! Random networks and random mishaps: what must hold whatever happens.

mod net;

use hb_cluster::Phase;
use net::{Net, app, ms};
use proptest::prelude::*;

/// Something that goes wrong, and is mended after a while.
#[derive(Clone, Debug)]
enum Mishap {
    Pause(usize),
    Restart(usize),
    /// A receiver hears nothing on one medium, or on both.
    Deaf(usize, Option<u8>),
    StuckReader(usize, u8),
    Loss(u64),
    /// The receiver does not see any first transmission.
    FirstCopies(usize),
}

fn mishap(nodes: usize) -> impl Strategy<Value = Mishap> {
    prop_oneof![
        (0..nodes).prop_map(Mishap::Pause),
        (0..nodes).prop_map(Mishap::Restart),
        (0..nodes, proptest::option::of(0..2u8)).prop_map(|(n, medium)| Mishap::Deaf(n, medium)),
        (0..nodes, 0..2u8).prop_map(|(n, medium)| Mishap::StuckReader(n, medium)),
        (0..80u64).prop_map(Mishap::Loss),
        (0..nodes).prop_map(Mishap::FirstCopies),
    ]
}

fn happen(net: &mut Net, mishap: &Mishap) {
    match *mishap {
        Mishap::Pause(n) => net.pause(n),
        Mishap::Restart(n) => net.restart(n),
        Mishap::Deaf(n, medium) => {
            let media = medium.map_or(vec![0, 1], |medium| vec![medium]);
            net.deaf.extend(media.into_iter().map(|medium| (n, medium)));
        }
        Mishap::StuckReader(n, medium) => drop(net.hosts[n].stuck.insert(medium, Vec::new())),
        Mishap::Loss(percent) => net.loss = percent,
        Mishap::FirstCopies(n) => {
            net.drop =
                Some(Box::new(move |_, to, class, _| to == n && class == hb_cluster::Class::Sequenced));
        }
    }
}

fn mend(net: &mut Net, mishap: &Mishap) {
    match *mishap {
        Mishap::Pause(n) => net.resume(n),
        Mishap::Restart(_) => {}
        Mishap::Deaf(n, _) => net.deaf.retain(|(deaf, _)| *deaf != n),
        Mishap::StuckReader(n, medium) => net.unstick(n, medium),
        Mishap::Loss(_) => net.loss = 5,
        Mishap::FirstCopies(_) => net.drop = None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_bad_network_loses_nothing(
        seed: u64,
        nodes in 2..5usize,
        loss in 0..30u64,
        duplicate in 0..20u64,
        delay_ms in 0..8u64,
        count in 1..400usize,
    ) {
        let mut net = Net::formed(seed, nodes, 2);
        (net.loss, net.duplicate, net.delay) = (loss, duplicate, (ms(0), ms(delay_ms)));
        for n in 0..count {
            for from in 0..nodes {
                net.submit_patiently(from, app(n));
            }
            if n % 16 == 0 {
                net.run(ms(1));
            }
        }
        net.until(ms(120_000), |net| {
            (0..nodes).all(|at| (0..nodes).all(|from| net.tally(at, from) == count))
        });
        net.check_streams();
        let all: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        for at in 0..nodes {
            prop_assert_eq!(&net.hosts[at].diary.gaps, &[]);
            for from in 0..nodes {
                prop_assert_eq!(&net.received_in_order(at, from), &all);
            }
        }
    }

    #[test]
    fn whatever_goes_wrong_nothing_comes_twice_or_is_lost_in_silence(
        seed: u64,
        nodes in 2..5usize,
        plan in proptest::collection::vec((mishap(4), 1..900u64, 0..400u64), 1..8),
    ) {
        let mut net = Net::formed(seed, nodes, 2);
        (net.loss, net.duplicate, net.delay) = (5, 5, (ms(0), ms(2)));
        let mut number = 0;
        for (mishap, lasts, rest) in plan {
            let fits = match mishap {
                Mishap::Pause(n)
                | Mishap::Restart(n)
                | Mishap::Deaf(n, _)
                | Mishap::StuckReader(n, _)
                | Mishap::FirstCopies(n) => n < nodes,
                Mishap::Loss(_) => true,
            };
            if !fits {
                continue;
            }
            happen(&mut net, &mishap);
            for (step, mended) in [(lasts, false), (rest, true)] {
                if mended {
                    mend(&mut net, &mishap);
                }
                for _ in 0..step / 10 {
                    number += 1;
                    for from in 0..nodes {
                        if !net.hosts[from].paused {
                            net.submit_patiently(from, app(number));
                        }
                    }
                    net.run(ms(10));
                }
            }
        }
        // Healed: everybody finds everybody, and new messages come through.
        (net.loss, net.delay) = (0, (ms(0), ms(1)));
        net.until(ms(20_000), |net| {
            (0..nodes).all(|at| {
                net.hosts[at].cluster.view().phase() == Phase::Active
                    && (0..nodes).all(|of| net.status(at, of) == "active")
            })
        });
        net.run(ms(3_000));
        let before: Vec<Vec<usize>> =
            (0..nodes).map(|at| (0..nodes).map(|from| net.tally(at, from)).collect()).collect();
        for from in 0..nodes {
            net.submit_patiently(from, app(number + 1));
        }
        net.until(ms(20_000), |net| {
            (0..nodes).all(|at| (0..nodes).all(|from| net.tally(at, from) > before[at][from]))
        });
        net.check_streams();
        for host in &net.hosts {
            prop_assert!(!host.cluster.view().flow().paused);
            for node in host.cluster.view().nodes() {
                prop_assert!(node.missing() <= 499 && node.held() <= 1_001);
            }
        }
    }

    #[test]
    fn whoever_is_paused_declares_nobody_dead(
        seed: u64,
        nodes in 2..5usize,
        plan in proptest::collection::vec((0..2usize, 0..3u8, 1..2_500u64, 0..700u64), 1..6),
    ) {
        let mut net = Net::formed(seed, nodes, 2);
        (net.loss, net.delay) = (2, (ms(0), ms(2)));
        for (n, what, lasts, rest) in plan {
            let held = match what {
                0 => vec![0, 1],
                1 => vec![1],
                _ => vec![],
            };
            for medium in &held {
                net.hosts[n].stuck.insert(*medium, Vec::new());
            }
            if held.is_empty() {
                net.pause(n);
            }
            net.run(ms(lasts));
            if held.is_empty() {
                net.resume(n);
            }
            for medium in held {
                net.unstick(n, medium);
            }
            net.run(ms(rest));
            // Others may bury the paused one, which did not speak. Nobody buries those that were never paused.
            for host in &net.hosts {
                for node in host.cluster.view().nodes().skip(2) {
                    prop_assert_eq!(node.counters().deaths, 0);
                }
            }
            let of = 1 - n;
            let seen = net.hosts[n].cluster.view().node(&net::name(of)).unwrap().counters().deaths;
            let spoke = net.hosts[of].cluster.view().counters().stalls == 0;
            prop_assert!(seen == 0 || !spoke, "the paused n{} buried n{}", n + 1, of + 1);
        }
    }
}
