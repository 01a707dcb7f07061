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

#[test]
fn what_a_late_client_did_not_ask_is_told_apart() {
    // Between 2 and 9 it did not run; and again while all was well.
    let outage =
        judged(&[(0, Some(0)), (1, None), (2, None), (9, Some(9)), (20, Some(20)), (21, Some(21))], 30);
    assert_eq!((outage.longest, outage.blind), (Duration::from_millis(8), Duration::from_millis(6)));
    let outage = judged(&[(0, Some(0)), (1, None), (2, None), (3, None), (4, Some(4))], 10);
    assert_eq!((outage.longest, outage.blind), (Duration::from_millis(3), Duration::ZERO));
}

#[test]
fn what_was_heard_is_found_by_time_and_by_name() {
    let heard = Heard::new();
    let start = Instant::now();
    let at = |ms: u64| start + Duration::from_millis(ms);
    // More than one allocation holds.
    for ms in 0..10_000 {
        let number = heard.ask(at(ms)).expect("room");
        let name = if ms < 5_000 { "n1" } else { "n2" };
        heard.answer(number, name, at(ms) + Duration::from_micros(100));
        heard.answer(number, "late", at(ms + 1));
    }
    assert_eq!((heard.first_since(at(7_000)), heard.asked()), (7_000, 10_000));
    assert_eq!(heard.first_since(at(20_000)), 10_000);
    let question = heard.question(4_999).expect("asked");
    assert_eq!(question.answered, Some(question.sent + Duration::from_micros(100)));
    assert_eq!(
        (heard.name(question.by), heard.name(heard.question(5_000).expect("asked").by)),
        (Some("n1"), Some("n2"))
    );
}
