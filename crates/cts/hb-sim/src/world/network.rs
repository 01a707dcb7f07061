//! The media: what becomes of a frame on its way from one node to another.

use crate::agenda::Nanos;
use crate::chance::{Chance, Subject};
use crate::plan::{MEDIA_MAX, NODES_MAX, What};
use std::time::Duration;

const LINKS: usize = MEDIA_MAX as usize * NODES_MAX as usize * NODES_MAX as usize;

/// What is wrong with one directed link now.
#[derive(Clone, Copy, Default, Debug)]
struct Condition {
    cut: bool,
    loss: u16,
    duplicate: u16,
    corrupt: u16,
    delay: Nanos,
}

/// One copy of a frame that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arrival {
    /// After so long.
    pub(crate) after: Nanos,
    /// With this bit flipped (counted modulo the frame's length).
    pub(crate) flipped: Option<u64>,
}

/// What happened to the frames of a run.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Traffic {
    /// Frames sent, one for each receiver.
    pub sent: u64,
    /// Lost or cut off.
    pub lost: u64,
    /// Arrived twice.
    pub duplicated: u64,
    /// Arrived with a flipped bit.
    pub corrupted: u64,
    /// Refused by a full socket.
    pub overflowed: u64,
}

/// All links between all nodes.
pub(crate) struct Network {
    chance: Chance,
    conditions: Vec<Condition>,
    packets: Vec<u64>,
    pub(crate) traffic: Traffic,
}

/// The number of a directed link.
pub(crate) fn link(medium: u8, from: u8, to: u8) -> usize {
    (usize::from(medium) * usize::from(NODES_MAX) + usize::from(from)) * usize::from(NODES_MAX)
        + usize::from(to)
}

impl Network {
    pub(crate) fn new(chance: Chance) -> Network {
        let (conditions, packets) = (vec![Condition::default(); LINKS], vec![0; LINKS]);
        Network { chance, conditions, packets, traffic: Traffic::default() }
    }

    /// From now on exactly these faults are in force.
    pub(crate) fn set_faults<'a>(&mut self, faults: impl Iterator<Item = &'a What>) {
        self.conditions.fill(Condition::default());
        for fault in faults {
            self.add_fault(fault);
        }
    }

    fn add_fault(&mut self, fault: &What) {
        for medium in 0..MEDIA_MAX {
            for from in 0..NODES_MAX {
                for to in (0..NODES_MAX).filter(|to| *to != from) {
                    worsen(&mut self.conditions[link(medium, from, to)], fault, medium, from, to);
                }
            }
        }
    }

    /// Sends one frame: none, one or two copies arrive.
    pub(crate) fn send(&mut self, medium: u8, from: u8, to: u8) -> [Option<Arrival>; 2] {
        let place = link(medium, from, to);
        self.packets[place] += 1;
        self.traffic.sent += 1;
        let (number, place) = (self.packets[place], place as u64);
        let condition = self.conditions[place as usize];
        let draw = |subject| self.chance.of(subject, place, number);
        if condition.cut || draw(Subject::Loss).permille(condition.loss) {
            self.traffic.lost += 1;
            return [None, None];
        }
        let after = |subject| draw(subject).between(20_000, 200_000 + condition.delay);
        let corrupt = draw(Subject::Corrupt).permille(condition.corrupt);
        let first =
            Arrival { after: after(Subject::Delay), flipped: corrupt.then(|| draw(Subject::Bit).bits()) };
        let twice = draw(Subject::Duplicate).permille(condition.duplicate);
        let second = twice.then(|| Arrival { after: after(Subject::SecondDelay), flipped: None });
        self.traffic.corrupted += u64::from(corrupt);
        self.traffic.duplicated += u64::from(twice);
        [Some(first), second]
    }
}

fn worsen(condition: &mut Condition, fault: &What, medium: u8, from: u8, to: u8) {
    match *fault {
        What::Loss { links, permille } if links.include(medium, from, to) => {
            condition.loss = condition.loss.max(permille);
        }
        What::Delay { links, up_to } if links.include(medium, from, to) => {
            condition.delay = condition.delay.max(nanos(up_to));
        }
        What::Duplicate { links, permille } if links.include(medium, from, to) => {
            condition.duplicate = condition.duplicate.max(permille);
        }
        What::Corrupt { links, permille } if links.include(medium, from, to) => {
            condition.corrupt = condition.corrupt.max(permille);
        }
        What::Cut { links } if links.include(medium, from, to) => condition.cut = true,
        What::Partition { medium: on, set } if on.is_none_or(|on| on == medium) => {
            condition.cut |= (set >> from & 1) != (set >> to & 1);
        }
        _ => {}
    }
}

/// A length of time as the world counts it.
pub(crate) fn nanos(d: Duration) -> Nanos {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Links;

    fn fates(faults: &[What], packets: usize) -> Vec<[Option<Arrival>; 2]> {
        let mut network = Network::new(Chance::new(3));
        network.set_faults(faults.iter());
        (0..packets).map(|_| network.send(0, 0, 1)).collect()
    }

    #[test]
    fn a_sound_link_delivers_once_and_soon() {
        let fates = fates(&[], 1_000);
        assert!(fates.iter().all(|fate| fate[1].is_none() && fate[0].is_some_and(|a| a.flipped.is_none())));
        assert!(fates.iter().flatten().flatten().all(|a| (20_000..=200_000).contains(&a.after)));
    }

    #[test]
    fn one_fault_does_not_reshuffle_another() {
        let links = Links::default();
        let loss = What::Loss { links, permille: 300 };
        let lost = |faults: &[What]| -> Vec<bool> {
            fates(faults, 500).iter().map(|fate| fate[0].is_none()).collect()
        };
        let alone = lost(&[loss]);
        let up_to = Duration::from_millis(50);
        let with_more = lost(&[
            What::Delay { links, up_to },
            What::Duplicate { links, permille: 500 },
            loss,
            What::Corrupt { links, permille: 100 },
        ]);
        assert_eq!(alone, with_more);
        let count = alone.iter().filter(|lost| **lost).count();
        assert!((100..200).contains(&count), "{count}");
    }

    #[test]
    fn cuts_and_partitions_stop_what_they_name() {
        let mut network = Network::new(Chance::new(1));
        let one_way = What::Cut { links: Links { medium: Some(1), from: Some(0), to: Some(1) } };
        network.set_faults([one_way, What::Partition { medium: Some(0), set: 0b101 }].iter());
        assert!(network.send(1, 0, 1)[0].is_none() && network.send(1, 1, 0)[0].is_some());
        assert!(network.send(0, 0, 1)[0].is_none() && network.send(0, 1, 2)[0].is_none());
        assert!(network.send(0, 0, 2)[0].is_some() && network.send(0, 1, 3)[0].is_some());
        network.set_faults([].iter());
        assert!(network.send(1, 0, 1)[0].is_some());
    }
}
