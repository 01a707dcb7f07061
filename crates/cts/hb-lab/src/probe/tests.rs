use super::*;

fn asked(start: Instant, plan: &[(u64, Option<u64>)]) -> Vec<Question> {
    let at = |ms: u64| start + Duration::from_millis(ms);
    plan.iter()
        .map(|(sent, answered)| Question { sent: at(*sent), answered: answered.map(at), by: 0 })
        .collect()
}

fn judged(plan: &[(u64, Option<u64>)], now_ms: u64) -> Outage {
    let start = Instant::now();
    judge(asked(start, plan).into_iter(), start + Duration::from_millis(now_ms), |_| "n1".into())
}

#[test]
fn answers_to_everything_are_no_outage() {
    let outage = judged(&[(0, Some(0)), (1, Some(1)), (2, Some(3))], 10);
    assert_eq!((outage.longest, outage.asked, outage.answered), (Duration::ZERO, 3, 3));
    assert_eq!(outage.by.get("n1"), Some(&3));
}

#[test]
fn an_outage_lasts_until_the_next_answered_question() {
    let outage =
        judged(&[(0, Some(0)), (1, None), (2, None), (30, Some(31)), (31, None), (32, Some(32))], 40);
    assert_eq!(outage.longest, Duration::from_millis(29));
    assert!(!outage.lasting);
}

#[test]
fn an_answer_that_waited_in_a_queue_is_none() {
    let outage = judged(&[(0, Some(0)), (1, Some(50)), (2, Some(50)), (49, Some(50))], 60);
    assert_eq!(outage.longest, Duration::from_millis(48));
    assert_eq!(outage.answered, 2);
}

#[test]
fn silence_that_goes_on_counts_up_to_now() {
    let outage = judged(&[(0, Some(0)), (1, None), (2, None)], 500);
    assert!(outage.lasting);
    assert_eq!(outage.longest, Duration::from_millis(499));
}
