//! What each verb is answered with, by state, and the tests that show it: the second half of a verb's row.
//!
//! The server holds itself to this table wherever debug assertions are on: in its own tests, under the fuzzer and in
//! every end-to-end test. A code that is sent and not listed is a panic that names the verb.

use super::Row;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// In what a verb is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// The verb is about TLS, which is off: 502.
    WithoutTls,
    /// It wants somebody who is logged in, and nobody is: 530.
    LoggedOut,
    /// While a transfer of another command runs.
    Busy,
    /// Anything else.
    Ready,
}

/// The replies to one verb.
pub(crate) struct Proof {
    pub(crate) verb: &'static str,
    /// When it is its turn.
    ready: &'static [&'static [u16]],
    /// While a transfer runs; nothing for verbs that wait.
    busy: &'static [u16],
    /// Names of tests.
    pub(crate) tests: &'static [&'static str],
}

/// What a name, or a look at what is behind it, is refused with.
const LOOK: &[u16] = &[450, 451, 504, 530, 550, 553];
/// What a change is refused with.
const CHANGE: &[u16] = &[450, 451, 452, 504, 530, 550, 552, 553];
/// How a transfer goes that has begun, or has not for want of a connection.
const MOVE: &[u16] = &[110, 150, 226, 425, 426, 451, 521, 522];

/// In the order of [`super::ROWS`].
pub(crate) const PROOFS: &[Proof] = &[
    proof(
        "USER",
        &[&[331, 501, 530]],
        &[503],
        &["pass_without_user_is_503", "user_in_a_session_begins_a_new_login_but_not_in_a_transfer"],
    ),
    proof(
        "PASS",
        &[&[230, 503, 530]],
        &[503],
        &["pass_without_user_is_503", "wrong_passwords_are_answered_late_and_end_the_session"],
    ),
    proof(
        "CWD",
        &[&[250, 501], LOOK],
        &[],
        &[
            "pipelined_commands_wait_for_the_answer_before_them",
            "paths_stay_inside_and_listings_say_what_is_there",
        ],
    ),
    proof("CDUP", &[&[250, 501], LOOK], &[], &["paths_stay_inside_and_listings_say_what_is_there"]),
    proof("QUIT", &[&[221]], &[], &["quit_in_a_transfer_waits_for_its_end"]),
    proof(
        "PORT",
        &[&[200, 501]],
        &[],
        &["port_goes_only_to_the_client_itself_and_to_high_ports", "curl_gets_by_port_and_pasv"],
    ),
    proof("PASV", &[&[227, 425, 501]], &[], &["pasv_tells_an_ipv4_address_and_epsv_the_port"]),
    proof(
        "TYPE",
        &[&[200, 501, 504]],
        &[],
        &["ebcdic_is_what_iconv_says_it_is", "type_a_n_and_l_8_are_legal_and_others_are_504"],
    ),
    proof(
        "STRU",
        &[&[200, 501, 504]],
        &[],
        &[
            "pages_have_a_header_each",
            "records_are_lines_of_text_in_every_mode",
            "structure_and_mode_know_what_is_missing_from_what_is_other",
        ],
    ),
    proof(
        "MODE",
        &[&[200, 501, 504]],
        &[],
        &[
            "lftp_is_not_offered_mode_z_and_moves_whole_files",
            "mode_z_is_what_zlib_reads_and_writes",
            "an_upload_without_the_mark_of_its_end_is_not_published",
            "compressed_mode_is_read_and_written_by_another_program",
            "block_mode_moves_files_and_restarts_at_its_markers",
            "structure_and_mode_know_what_is_missing_from_what_is_other",
        ],
    ),
    proof(
        "RETR",
        &[MOVE, LOOK, &[501, 554]],
        &[],
        &[
            "what_cannot_be_opened_is_refused_without_150",
            "each_end_of_the_data_has_its_reply",
            "files_come_and_go_whole_in_every_mode_and_family",
        ],
    ),
    proof(
        "STOR",
        &[MOVE, CHANGE, &[501, 551, 554]],
        &[],
        &[
            "an_upload_without_the_mark_of_its_end_is_not_published",
            "block_mode_moves_files_and_restarts_at_its_markers",
            "an_upload_is_published_before_226",
            "an_upload_counts_only_while_the_control_connection_is_open",
        ],
    ),
    proof(
        "APPE",
        &[MOVE, CHANGE, &[501, 551, 554]],
        &[],
        &[
            "block_mode_moves_files_and_restarts_at_its_markers",
            "rest_makes_stor_go_on_and_appe_refuse",
            "appe_and_rest_write_where_they_say",
        ],
    ),
    proof(
        "ALLO",
        &[&[200, 501], CHANGE],
        &[],
        &[
            "allo_holds_the_upload_to_its_size",
            "an_upload_is_held_to_allo",
            "allo_without_room_is_552_and_announces_nothing",
        ],
    ),
    proof(
        "REST",
        &[&[350, 501, 504]],
        &[],
        &["rest_survives_the_channel_and_nothing_else", "rest_takes_an_offset_and_nothing_else"],
    ),
    proof("RNFR", &[&[350, 501], LOOK], &[], &["rnfr_must_come_at_once_before_rnto"]),
    proof(
        "RNTO",
        &[&[250, 501, 503], CHANGE],
        &[],
        &["rnfr_must_come_at_once_before_rnto", "the_verbs_do_on_our_server_what_they_say"],
    ),
    proof(
        "ABOR",
        &[&[226]],
        &[226],
        &[
            "abor_ends_the_transfer_with_426_and_itself_with_226",
            "abor_before_the_file_is_open_moves_nothing",
        ],
    ),
    proof("DELE", &[&[250, 501], CHANGE], &[], &["the_verbs_do_on_our_server_what_they_say"]),
    proof("RMD", &[&[250, 501], CHANGE], &[], &["the_verbs_do_on_our_server_what_they_say"]),
    proof(
        "MKD",
        &[&[257, 501], CHANGE],
        &[],
        &["quotes_in_257_are_doubled", "the_verbs_do_on_our_server_what_they_say"],
    ),
    proof("PWD", &[&[257, 501]], &[257], &["quotes_in_257_are_doubled"]),
    proof(
        "LIST",
        &[MOVE, LOOK],
        &[],
        &[
            "a_pattern_lists_what_it_matches_in_one_directory",
            "listings_come_in_every_form",
            "listings_leave_options_of_ls_out",
            "a_directory_is_listed_by_facts_or_as_ls_does",
        ],
    ),
    proof(
        "NLST",
        &[MOVE, LOOK],
        &[],
        &[
            "a_pattern_lists_what_it_matches_in_one_directory",
            "listings_come_in_every_form",
            "the_last_of_port_and_pasv_wins",
            "paths_stay_inside_and_listings_say_what_is_there",
        ],
    ),
    proof(
        "SYST",
        &[&[215, 501]],
        &[215],
        &["commands_in_one_segment_are_answered_in_order", "commands_are_answered_while_data_moves"],
    ),
    proof(
        "STAT",
        &[&[211, 213], LOOK],
        &[211],
        &["commands_are_answered_while_data_moves", "commands_work_while_a_transfer_waits_for_its_reader"],
    ),
    proof("HELP", &[&[214, 502]], &[214, 502], &["unknown_is_500_absent_is_502"]),
    proof("NOOP", &[&[200]], &[200], &["commands_are_answered_while_data_moves"]),
    proof("FEAT", &[&[211, 501]], &[211], &["feat_lists_one_feature_a_line_with_one_space"]),
    proof(
        "OPTS",
        &[&[200, 501, 504]],
        &[],
        &[
            "mode_z_has_nine_levels",
            "feat_lists_one_feature_a_line_with_one_space",
            "digests_are_those_of_the_file_and_of_its_parts",
        ],
    ),
    proof(
        "EPRT",
        &[&[200, 501, 522]],
        &[],
        &["port_goes_only_to_the_client_itself_and_to_high_ports", "epsv_and_eprt_name_the_family"],
    ),
    proof(
        "EPSV",
        &[&[200, 229, 425, 501, 502, 522]],
        &[],
        &["pasv_tells_an_ipv4_address_and_epsv_the_port", "epsv_all_refuses_every_other_way"],
    ),
    proof("SIZE", &[&[213, 501], LOOK], &[], &["size_is_for_type_i"]),
    proof(
        "MDTM",
        &[&[213, 501], CHANGE],
        &[],
        &["mlst_names_the_full_path_after_one_space", "times_and_permissions_are_set_and_told"],
    ),
    proof("MLST", &[&[250], LOOK], &[], &["mlst_names_the_full_path_after_one_space"]),
    proof(
        "MLSD",
        &[MOVE, LOOK, &[501]],
        &[],
        &["a_directory_is_listed_by_facts_or_as_ls_does", "paths_stay_inside_and_listings_say_what_is_there"],
    ),
    proof(
        "AUTH",
        &[&[234, 501, 503, 504]],
        &[],
        &["auth_pbsz_and_prot_come_in_this_order", "what_came_behind_auth_is_never_executed"],
    ),
    proof("PBSZ", &[&[200, 501, 503]], &[], &["auth_pbsz_and_prot_come_in_this_order"]),
    proof(
        "PROT",
        &[&[200, 501, 503, 504, 534, 536]],
        &[],
        &[
            "auth_pbsz_and_prot_come_in_this_order",
            "where_tls_is_required_nobody_logs_in_and_nothing_moves_without_it",
        ],
    ),
    proof(
        "CCC",
        &[&[200, 501, 503, 533, 534]],
        &[],
        &[
            "the_control_connection_stays_under_tls",
            "ccc_ends_tls_on_the_control_connection_where_it_is_allowed",
        ],
    ),
    proof(
        "SSCN",
        &[&[200, 501, 503, 534]],
        &[],
        &["sscn_and_cpsv_are_for_whom_other_servers_are_granted", "files_go_from_server_to_server_under_tls"],
    ),
    proof(
        "CPSV",
        &[&[227, 425, 501, 503, 534]],
        &[],
        &["sscn_and_cpsv_are_for_whom_other_servers_are_granted", "files_go_from_server_to_server_under_tls"],
    ),
    proof("ADAT", &[&[501, 503]], &[], &["verbs_of_other_mechanisms_than_tls_say_what_there_is"]),
    proof("MIC", &[&[501, 503, 537]], &[], &["verbs_of_other_mechanisms_than_tls_say_what_there_is"]),
    proof("CONF", &[&[501, 503, 537]], &[], &["verbs_of_other_mechanisms_than_tls_say_what_there_is"]),
    proof("ENC", &[&[501, 503, 537]], &[], &["verbs_of_other_mechanisms_than_tls_say_what_there_is"]),
    proof("ACCT", &[&[202, 501]], &[], &["a_free_name_is_told_in_the_150_and_rein_begins_anew"]),
    proof("REIN", &[&[220, 501]], &[], &["a_free_name_is_told_in_the_150_and_rein_begins_anew"]),
    proof("STOU", &[MOVE, CHANGE, &[551]], &[], &["a_free_name_is_told_in_the_150_and_rein_begins_anew"]),
    proof("LANG", &[&[200, 504]], &[], &["a_free_name_is_told_in_the_150_and_rein_begins_anew"]),
    proof(
        "MFMT",
        &[&[213, 501], CHANGE],
        &[],
        &["times_and_permissions_are_set_and_told", "facts_are_their_owners"],
    ),
    proof("MFCT", &[&[501, 504]], &[], &["times_and_permissions_are_set_and_told"]),
    proof(
        "MFF",
        &[&[213, 501], CHANGE],
        &[],
        &["times_and_permissions_are_set_and_told", "facts_are_their_owners"],
    ),
    proof("HASH", &[&[213, 501, 554], LOOK], &[], &["digests_are_those_of_the_file_and_of_its_parts"]),
    proof("RANG", &[&[350, 501, 504]], &[], &["a_part_of_a_file_is_fetched_and_counts_as_whole"]),
    proof("XCRC", &[&[250, 501, 554], LOOK], &[], &["digests_are_those_of_the_file_and_of_its_parts"]),
    proof("XMD5", &[&[250, 501, 554], LOOK], &[], &["digests_are_those_of_the_file_and_of_its_parts"]),
    proof("XSHA1", &[&[250, 501, 554], LOOK], &[], &["digests_are_those_of_the_file_and_of_its_parts"]),
    proof("XSHA256", &[&[250, 501, 554], LOOK], &[], &["digests_are_those_of_the_file_and_of_its_parts"]),
    proof("XSHA512", &[&[250, 501, 554], LOOK], &[], &["digests_are_those_of_the_file_and_of_its_parts"]),
    proof("MD5", &[&[251, 501, 554], LOOK], &[], &["digests_are_those_of_the_file_and_of_its_parts"]),
    proof(
        "HOST",
        &[&[220, 501, 503, 504]],
        &[],
        &["host_comes_before_user_and_the_last_one_counts", "tls_and_host_have_to_mean_the_same"],
    ),
    proof("AVBL", &[&[213], LOOK], &[], &["times_and_permissions_are_set_and_told"]),
    proof(
        "COMB",
        &[&[250, 501], CHANGE],
        &[],
        &[
            "a_copy_needs_the_right_to_read_one_name_and_to_write_the_other",
            "comb_takes_names_with_spaces_in_quotes",
            "copies_and_combinations_are_whole_and_pass_the_same_door",
        ],
    ),
    proof("DSIZ", &[&[213], LOOK], &[], &["trees_are_measured_and_removed"]),
    proof("RMDA", &[&[250, 501], CHANGE], &[], &["trees_are_measured_and_removed"]),
    proof("PRET", &[&[200, 501, 504]], &[], &["pret_is_for_what_moves_data"]),
    proof("CLNT", &[&[200, 501]], &[], &["a_free_name_is_told_in_the_150_and_rein_begins_anew"]),
    proof("CSID", &[&[200, 501]], &[], &["a_free_name_is_told_in_the_150_and_rein_begins_anew"]),
    proof(
        "SITE",
        &[&[200, 214, 250, 257, 350, 500, 501, 503], CHANGE],
        &[],
        &[
            "a_copy_needs_the_right_to_read_one_name_and_to_write_the_other",
            "who_quota_idle_and_umask_say_what_is_so",
            "times_and_permissions_are_set_and_told",
            "facts_are_their_owners",
            "cpfr_must_come_at_once_before_cpto",
            "copies_and_combinations_are_whole_and_pass_the_same_door",
        ],
    ),
];

const fn proof(
    verb: &'static str,
    ready: &'static [&'static [u16]],
    busy: &'static [u16],
    tests: &'static [&'static str],
) -> Proof {
    Proof { verb, ready, busy, tests }
}

impl Proof {
    /// Of a verb of the table.
    pub(crate) fn of(verb: &str) -> &'static Proof {
        PROOFS.iter().find(|proof| proof.verb == verb).expect("every row has one: held by a test")
    }

    /// Whether the verb may be answered so.
    pub(crate) fn allows(&self, state: State, code: u16) -> bool {
        // RFC 959 §5.4: at any time, when the server closes.
        code == 421
            || match state {
                State::WithoutTls => code == 502,
                State::LoggedOut => code == 530,
                State::Busy => self.busy.contains(&code),
                State::Ready => self.ready.iter().any(|codes| codes.contains(&code)),
            }
    }

    fn ready(&self) -> Vec<u16> {
        let mut codes: Vec<u16> = self.ready.concat();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// The table of replies of the docs, in Markdown.
pub(super) fn replies_markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| Verb | Before the login | When it is its turn | During a transfer | Tests |\n|---|---|---|---|---|\n",
    );
    let list = |codes: &[u16]| codes.iter().map(|c| format!("{c}")).collect::<Vec<_>>().join(" ");
    for row in rows {
        let proof = Proof::of(row.verb);
        let before = if row.login { "530" } else { "as later" };
        let busy = if proof.busy.is_empty() { String::from("waits") } else { list(proof.busy) };
        let tests: Vec<String> = proof.tests.iter().map(|test| format!("`{test}`")).collect();
        let (ready, tests) = (list(&proof.ready()), tests.join(", "));
        out.push_str(&format!("| {} | {before} | {ready} | {busy} | {tests} |\n", row.verb));
    }
    out
}
