//! The conformance list, line by line, with what tests each: interoperability with Heartbeat 3.0.6
//! in frames (A), media (B), delivery (C), start and liveness (D), restart and shutdown (E) and
//! resources (F). Serial lines and ping nodes (18, 19) are not there yet.

use By::{Scenario, Test};

/// What tests a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Scenarios whose name is this, with or without the pair at its end.
    Scenario(&'static str),
    /// A test function: its file below `crates/`, its name.
    Test(&'static str, &'static str),
}

/// One line of the list.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Its part.
    pub part: char,
    /// Its number.
    pub number: u8,
    /// What it is about.
    pub about: &'static str,
    /// Everything that tests it.
    pub by: &'static [By],
}

const VECTORS: &str = "core/hb-wire/tests/golden/vectors.rs";
const CAPTURES: &str = "core/hb-wire/tests/golden/captures.rs";
const CODEC: &str = "core/hb-wire/src/codec/tests.rs";
const WIRE: &str = "core/hb-wire/tests/properties.rs";
const RECEIVING: &str = "core/hb-cluster/tests/receiving.rs";
const REQUESTS: &str = "core/hb-cluster/tests/retransmission.rs";
const ACKS: &str = "core/hb-cluster/tests/acknowledging.rs";
const STARTUP: &str = "core/hb-cluster/tests/startup.rs";
const LIVENESS: &str = "core/hb-cluster/tests/liveness.rs";
const PARTITION: &str = "core/hb-cluster/tests/partition.rs";
const ORDER: &str = "core/hb-classic/src/tests/wire_order.rs";

const fn line(part: char, number: u8, about: &'static str, by: &'static [By]) -> Line {
    Line { part, number, about, by }
}

/// Every line of the parts A to F but serial and ping.
pub const LINES: &[Line] = &[
    line(
        'A',
        1,
        "recorded frames decode to their fields, in order, duplicates kept",
        &[
            Test(VECTORS, "frames_from_fields_and_back"),
            Test(CAPTURES, "every_recorded_frame_is_understood_and_reproduced"),
        ],
    ),
    line(
        'A',
        2,
        "netstrings encode to the recorded bytes",
        &[
            Test(VECTORS, "frames_from_fields_and_back"),
            Test(CAPTURES, "every_recorded_frame_is_understood_and_reproduced"),
        ],
    ),
    line(
        'A',
        3,
        "text frames likewise, with a NUL outside serial lines",
        &[
            Test(CAPTURES, "a_recorded_serial_line_is_understood_and_reproduced"),
            Test(CODEC, "frames_are_those_of_the_original_in_all_three_formats_and_methods"),
            Test(CODEC, "local_messages_are_text_with_a_nul_or_netstrings"),
        ],
    ),
    line(
        'A',
        4,
        "the check value of the checksum, no leading zeros",
        &[
            Test(VECTORS, "digests_of_the_check_values"),
            Test("core/hb-wire/src/digest.rs", "checksums_have_no_leading_zeros"),
        ],
    ),
    line(
        'A',
        5,
        "every frame of every recording verifies",
        &[
            Test(CAPTURES, "every_recorded_frame_is_understood_and_reproduced"),
            Test(CAPTURES, "the_list_of_recordings_is_complete"),
        ],
    ),
    line(
        'A',
        6,
        "any flipped bit is noticed",
        &[
            Test(VECTORS, "a_frame_with_any_bit_flipped_is_refused"),
            Test(CODEC, "every_flipped_bit_is_noticed"),
        ],
    ),
    line(
        'A',
        7,
        "no signature, an unknown number, another method: refused",
        &[
            Test(CODEC, "unsigned_and_strangely_signed_frames_are_refused"),
            Test(CODEC, "a_digest_of_another_method_than_the_keys_is_refused"),
        ],
    ),
    line(
        'A',
        8,
        "without inner signature, with a wrong one, text with and without NUL: accepted",
        &[
            Test(CAPTURES, "frames_without_inner_signature_too"),
            Test(CODEC, "a_wrong_inner_signature_does_not_matter"),
            Test("core/hb-wire/src/text/tests.rs", "the_end_is_a_marker_a_nul_or_the_end"),
        ],
    ),
    line(
        'A',
        9,
        "structs, lists, binaries, lines and 60 kB travel unchanged",
        &[
            Test(CAPTURES, "every_recorded_frame_is_understood_and_reproduced"),
            Test(WIRE, "signed_and_local_messages_come_back_in_every_format"),
            Test(CODEC, "what_would_not_fit_a_datagram_is_compressed_and_what_still_does_not_is_refused"),
        ],
    ),
    line(
        'A',
        10,
        "compressed messages and fields are unpacked whatever is configured",
        &[
            Test(VECTORS, "a_compressed_struct_is_unpacked"),
            Test(CODEC, "a_compressed_message_may_hold_text_or_a_netstring_in_any_order"),
            Test(WIRE, "compression_changes_nothing"),
        ],
    ),
    line(
        'A',
        11,
        "malformed input harms nothing, and the next frame counts",
        &[
            Test(WIRE, "any_bytes_are_survived"),
            Test(WIRE, "damaged_frames_are_refused_or_mean_the_same"),
            Test("core/hb-wire/src/frame_reader/tests.rs", "frames_are_found_between_noise"),
        ],
    ),
    line(
        'A',
        12,
        "two keys, each signature accepted",
        &[
            Scenario("two-keys"),
            Test(CODEC, "netstrings_signed_with_the_default_keys_secret_are_accepted_like_by_the_original"),
            Test(CODEC, "either_key_verifies_so_keys_can_be_changed_one_node_after_the_other"),
        ],
    ),
    line(
        'B',
        13,
        "ucast, bcast, mcast, each with crc, md5, sha1",
        &[
            Scenario("media-ucast-crc"),
            Scenario("media-ucast-md5"),
            Scenario("media-ucast-sha1"),
            Scenario("media-bcast-crc"),
            Scenario("media-bcast-md5"),
            Scenario("media-bcast-sha1"),
            Scenario("media-mcast-crc"),
            Scenario("media-mcast-md5"),
            Scenario("media-mcast-sha1"),
        ],
    ),
    line(
        'B',
        14,
        "port, time to live and group as configured; any source port",
        &[Scenario("start-messages")],
    ),
    line(
        'B',
        15,
        "own frames heard back are ignored but for the own link",
        &[Test(LIVENESS, "own_frames_heard_back_only_refresh_the_own_link"), Scenario("media-bcast-md5")],
    ),
    line('B', 16, "one of two media is cut and heals: only that link", &[Scenario("links")]),
    line(
        'B',
        17,
        "each message once on each medium, the same bytes; the second copy refreshes its link",
        &[Scenario("copies-on-both-media"), Test(RECEIVING, "row_7_next_and_same_numbers")],
    ),
    line('C', 20, "numbers begin at 1 and grow by one", &[Scenario("start-messages")]),
    line(
        'C',
        21,
        "the generation grows at each start, also after a crash or with nothing left",
        &[
            Scenario("quick-restart"),
            Scenario("state-lost"),
            Test(STARTUP, "the_generation_grows_whatever_was_found"),
        ],
    ),
    line(
        'C',
        22,
        "one acknowledgement for ten messages, more than a history of them arrive",
        &[
            Scenario("acknowledgements"),
            Test(ACKS, "an_original_is_acknowledged_every_ten_messages_at_one_digit"),
        ],
    ),
    line(
        'C',
        23,
        "what is lost here is asked for until it comes, and delivered once",
        &[Scenario("retransmission"), Scenario("lost-message")],
    ),
    line(
        'C',
        24,
        "what is lost there is sent again as the same bytes, fifty for a request",
        &[
            Scenario("retransmission"),
            Scenario("lost-message"),
            Test(REQUESTS, "at_most_fifty_are_sent_for_one_request_and_not_again_at_once"),
        ],
    ),
    line(
        'C',
        25,
        "an overtaken message is not asked for, a copy is delivered once",
        &[Scenario("swapped-messages")],
    ),
    line(
        'C',
        26,
        "what history has lost is refused, and not asked for again",
        &[
            Scenario("number-no-longer-held"),
            Test(REQUESTS, "what_history_has_lost_is_refused_in_hexadecimal"),
        ],
    ),
    line('C', 27, "a gap beyond the window: on with the new number", &[Scenario("gap-beyond-window")]),
    line(
        'C',
        28,
        "clients pause while a live node is deaf, and lose nothing",
        &[
            Scenario("client-pauses"),
            Test(ACKS, "a_deaf_peer_pauses_senders_until_it_is_declared_dead_and_nothing_is_dropped"),
        ],
    ),
    line('C', 29, "whether a client is there is answered", &[Scenario("client-of-another-node")]),
    line(
        'D',
        30,
        "the order of messages at a start",
        &[Scenario("start-messages"), Test(STARTUP, "the_order_of_a_start_is_the_originals")],
    ),
    line(
        'D',
        31,
        "the node list is answered at once and completely",
        &[
            Scenario("start-messages"),
            Test(STARTUP, "the_node_list_is_asked_for_every_second_until_anybody_answers"),
        ],
    ),
    line('D', 32, "alone after initdead, and then the other comes", &[Scenario("start-orders")]),
    line('D', 33, "a killed node of ours is dead for the original", &[Scenario("deaths")]),
    line(
        'D',
        34,
        "a killed original is dead for us, after its own dead time",
        &[Scenario("deaths"), Test(LIVENESS, "a_silent_node_dies_after_the_deadtime_that_it_announced")],
    ),
    line(
        'D',
        35,
        "a longer dead time is announced during the first seconds",
        &[Scenario("announced-deadtime")],
    ),
    line(
        'D',
        36,
        "a late heartbeat is logged; other traffic keeps nobody alive",
        &[Scenario("late-heartbeat"), Scenario("other-traffic")],
    ),
    line(
        'D',
        37,
        "steps of the wall clock kill nobody",
        &[Test(LIVENESS, "steps_of_the_wall_clock_change_nothing")],
    ),
    line(
        'D',
        38,
        "names without case, a new uuid for a known name, strangers dropped",
        &[
            Test(RECEIVING, "row_3_names_and_uuids_are_learnt"),
            Test(RECEIVING, "row_3_our_own_name_is_ours"),
            Test(RECEIVING, "row_2_strangers_are_dropped"),
        ],
    ),
    line(
        'E',
        39,
        "a quick restart is no death",
        &[Scenario("quick-restart"), Test(PARTITION, "a_quick_restart_is_no_death")],
    ),
    line('E', 40, "after a partition both restart, and one holds the group", &[Scenario("partition")]),
    line(
        'E',
        41,
        "without resources a partition heals without restart",
        &[Test(PARTITION, "a_dead_node_returns_with_a_status_of_the_same_generation")],
    ),
    line(
        'E',
        42,
        "a clean stop hands over at once",
        &[Scenario("stop-off"), Scenario("stop-on"), Test(ORDER, "a_departure_reads_like_the_recorded_one")],
    ),
    line(
        'E',
        43,
        "a lower generation is ignored, and never produced",
        &[
            Test(RECEIVING, "row_6_older_generations_are_dropped_and_newer_ones_begin_with_a_status"),
            Test(STARTUP, "the_generation_grows_whatever_was_found"),
        ],
    ),
    line('F', 44, "a cold start of both", &[Scenario("boot-off"), Scenario("boot-on")]),
    line('F', 45, "a crash, and the return", &[Scenario("crash-off"), Scenario("crash-on")]),
    line(
        'F',
        46,
        "standby all, local and foreign",
        &[Scenario("standby-off"), Scenario("standby-on"), Scenario("standby-swapped")],
    ),
    line('F', 47, "takeover asked for on the other side", &[Scenario("takeover-off")]),
    line(
        'F',
        48,
        "order and fields of the resource messages",
        &[
            Test(ORDER, "every_message_has_the_originals_fields_in_its_order"),
            Test(ORDER, "a_standby_reads_like_the_recorded_one"),
            Test(ORDER, "a_start_reads_like_the_recorded_one"),
            Test(ORDER, "a_takeover_without_a_device_reads_like_the_recorded_one"),
            Test(ORDER, "a_failback_reads_like_the_recorded_one"),
        ],
    ),
    line(
        'F',
        49,
        "never on two nodes but in a partition",
        &[Scenario("crash-off"), Scenario("crash-on"), Scenario("standby-off"), Scenario("stop-off")],
    ),
    line(
        'F',
        50,
        "a group is started through the FIFO",
        &[
            Test("core/hb-classic/src/tests/robust.rs", "scripts_work_through_the_fifo"),
            Test(
                "core/hb-classic/src/tests/robust.rs",
                "req_resource_starts_a_failed_group_of_ours_again_and_no_other",
            ),
        ],
    ),
];

/// The list as a table, with the state of every line's tests.
#[must_use]
pub fn table() -> String {
    let names: Vec<String> = super::scenarios().into_iter().map(|scenario| scenario.name).collect();
    let mut text = String::new();
    for line in LINES {
        text.push_str(&format!("{}{:<3} {}\n", line.part, line.number, line.about));
        for by in line.by {
            match by {
                Scenario(name) => text.push_str(&format!("       {}\n", runs_of(&names, name).join(" "))),
                Test(file, name) => text.push_str(&format!("       crates/{file}: {name}\n")),
            }
        }
    }
    text
}

/// The scenarios of this name, with whatever pairs they run.
fn runs_of<'a>(names: &'a [String], base: &str) -> Vec<&'a str> {
    let suffixes = ["", "-original", "-mixed", "-reversed"];
    let is_one = |name: &&String| suffixes.iter().any(|suffix| **name == format!("{base}{suffix}"));
    names.iter().filter(is_one).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn no_line_is_missing() {
        let present: Vec<u8> = LINES.iter().map(|line| line.number).collect();
        let expected: Vec<u8> = (1..=50).filter(|number| ![18, 19].contains(number)).collect();
        assert_eq!(present, expected);
        let part = |number: u8| match number {
            1..=12 => 'A',
            13..=19 => 'B',
            20..=29 => 'C',
            30..=38 => 'D',
            39..=43 => 'E',
            _ => 'F',
        };
        for line in LINES {
            assert_eq!(line.part, part(line.number), "line {}", line.number);
            assert!(!line.by.is_empty(), "nothing tests line {}", line.number);
        }
    }

    #[test]
    fn every_test_of_a_line_is_there() {
        let names: Vec<String> = crate::cts::scenarios().into_iter().map(|scenario| scenario.name).collect();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for line in LINES {
            for by in line.by {
                match by {
                    Scenario(name) => {
                        assert!(
                            !runs_of(&names, name).is_empty(),
                            "line {}: no scenario {name}",
                            line.number
                        );
                    }
                    Test(file, name) => {
                        let text = std::fs::read_to_string(crates.join(file)).expect(file);
                        assert!(
                            text.contains(&format!("fn {name}(")),
                            "line {}: no {name} in {file}",
                            line.number
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn all_nine_combinations_form_in_both_orders() {
        let names: Vec<String> = crate::cts::scenarios().into_iter().map(|scenario| scenario.name).collect();
        for medium in ["ucast", "bcast", "mcast"] {
            for key in ["crc", "md5", "sha1"] {
                for order in ["mixed", "reversed"] {
                    let name = format!("media-{medium}-{key}-{order}");
                    assert!(names.contains(&name), "no scenario {name}");
                }
            }
        }
    }
}
