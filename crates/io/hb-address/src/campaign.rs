//! Teaching the neighbours where an address is now, until all have shown that they know: pure timing and
//! bookkeeping, without sockets.

use core::time::Duration;
use std::net::IpAddr;

use hb_base::Instant;

use crate::netlink::Neighbour;

/// Neighbours that are asked one by one; the others hear the announcements only.
pub const MAX_NEIGHBOURS: usize = 64;
/// Waits between the rounds: a doubling back-off. After the last one whoever has not answered is reported.
pub const ROUND_GAPS_MS: [u64; 8] = [20, 40, 80, 160, 320, 640, 1280, 1280];
/// Announcements that are made even when everybody answers at once: hosts that were not known may listen.
const LEAST_ROUNDS: usize = 4;
/// Rounds in which it is asked whether somebody else holds the address. More than one: a link that has just
/// come up loses frames.
const PROBE_ROUNDS: [usize; 4] = [0, 1, 3, 6];

/// What one round sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Round {
    /// Tell everybody. The first announcement is made by the start itself.
    pub(crate) announce: bool,
    /// Ask whether somebody else holds it.
    pub(crate) probe: bool,
    /// Ask these.
    pub(crate) ask: Vec<Neighbour>,
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Verdict {
    /// How many have answered.
    pub(crate) verified: usize,
    /// Who has not.
    pub(crate) unverified: Vec<IpAddr>,
    /// From the first announcement to the last answer, or to the end of patience.
    pub(crate) took: Duration,
}

/// The announcements of one address.
#[derive(Debug)]
pub(crate) struct Campaign {
    began: Instant,
    next: Option<Instant>,
    round: usize,
    pending: Vec<Neighbour>,
    verified: usize,
    last_answer: Instant,
}

impl Campaign {
    /// Begins with the first announcement, just made. The first round is due at once.
    pub(crate) fn new(now: Instant) -> Campaign {
        Campaign { began: now, next: Some(now), round: 0, pending: Vec::new(), verified: 0, last_answer: now }
    }

    /// Whom to ask; before the first round. Returns how many were left out.
    pub(crate) fn load(&mut self, mut neighbours: Vec<Neighbour>) -> usize {
        neighbours.dedup_by_key(|neighbour| neighbour.ip);
        let left_out = neighbours.len().saturating_sub(MAX_NEIGHBOURS);
        neighbours.truncate(MAX_NEIGHBOURS);
        self.pending = neighbours;
        left_out
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.round == 0 && self.next.is_some()
    }

    /// When something is to be sent or the verdict is due; `None` when it is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// `neighbour` answered from the address's new place.
    pub(crate) fn answered(&mut self, now: Instant, neighbour: IpAddr) {
        let before = self.pending.len();
        self.pending.retain(|other| other.ip != neighbour);
        if self.pending.len() < before {
            self.verified += 1;
            self.last_answer = now;
        }
    }

    /// No more announcements, no verdict.
    pub(crate) fn stop(&mut self) {
        self.next = None;
    }

    /// What to send now, or the verdict.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Result<Round, Verdict>> {
        if self.next.is_none_or(|at| now < at) {
            return None;
        }
        let content = self.pending.is_empty() && self.round >= LEAST_ROUNDS;
        let Some(gap) = ROUND_GAPS_MS.get(self.round).filter(|_| !content) else {
            self.next = None;
            let end = if self.pending.is_empty() { self.last_answer } else { now };
            return Some(Err(Verdict {
                verified: self.verified,
                unverified: self.pending.iter().map(|neighbour| neighbour.ip).collect(),
                took: end.since(self.began),
            }));
        };
        let round = Round {
            announce: self.round > 0,
            probe: PROBE_ROUNDS.contains(&self.round),
            ask: self.pending.clone(),
        };
        self.round += 1;
        self.next = Some(now + Duration::from_millis(*gap));
        Some(Ok(round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbour(last: u8) -> Neighbour {
        Neighbour { ip: IpAddr::from([10, 0, 0, last]), mac: None }
    }

    fn run(
        campaign: &mut Campaign,
        mut answer: impl FnMut(&mut Campaign, Instant, usize),
    ) -> (Vec<Round>, Verdict) {
        let mut rounds = vec![];
        loop {
            let now = campaign.deadline().unwrap();
            match campaign.due(now).unwrap() {
                Ok(round) => rounds.push(round),
                Err(verdict) => return (rounds, verdict),
            }
            answer(campaign, now + Duration::from_millis(1), rounds.len());
        }
    }

    #[test]
    fn everybody_answers_and_it_ends_early() {
        let start = Instant::from_millis(5);
        let mut campaign = Campaign::new(start);
        assert!(campaign.is_fresh());
        assert_eq!(campaign.load(vec![neighbour(1), neighbour(2)]), 0);
        let (rounds, verdict) = run(&mut campaign, |campaign, now, round| {
            if round == 1 {
                campaign.answered(now, neighbour(1).ip);
                campaign.answered(now, neighbour(2).ip);
                campaign.answered(now, neighbour(2).ip);
                campaign.answered(now, neighbour(9).ip);
            }
        });
        assert_eq!(verdict, Verdict { verified: 2, unverified: vec![], took: Duration::from_millis(1) });
        assert_eq!(rounds.len(), LEAST_ROUNDS);
        assert_eq!((rounds[0].announce, rounds[0].probe, rounds[0].ask.len()), (false, true, 2));
        assert!(rounds[1].announce && rounds[1].ask.is_empty());
        assert_eq!(campaign.deadline(), None);
    }

    #[test]
    fn a_silent_neighbour_is_asked_again_and_then_named() {
        let mut campaign = Campaign::new(Instant::ZERO);
        campaign.load(vec![neighbour(1), neighbour(2)]);
        let (rounds, verdict) =
            run(&mut campaign, |campaign, now, _| campaign.answered(now, neighbour(1).ip));
        assert_eq!(rounds.len(), ROUND_GAPS_MS.len());
        assert!(rounds[1..].iter().all(|round| round.ask == [neighbour(2)]));
        assert_eq!((verdict.verified, verdict.unverified), (1, vec![neighbour(2).ip]));
        assert_eq!(verdict.took, Duration::from_millis(ROUND_GAPS_MS.iter().sum()));
    }

    #[test]
    fn the_number_of_neighbours_asked_is_bounded() {
        let mut campaign = Campaign::new(Instant::ZERO);
        assert_eq!(campaign.load((0..200).map(neighbour).collect()), 200 - MAX_NEIGHBOURS);
    }

    #[test]
    fn nothing_is_due_before_its_time_or_after_a_stop() {
        let mut campaign = Campaign::new(Instant::from_millis(10));
        assert_eq!(campaign.due(Instant::from_millis(9)), None);
        assert!(campaign.due(Instant::from_millis(10)).is_some());
        campaign.stop();
        assert_eq!(campaign.due(Instant::MAX), None);
    }
}
