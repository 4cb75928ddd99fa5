"""The fault matrix: what may go wrong, what a build promises then, and the tests that show it.

Each row has one test at least. Those of a subject that has a file of its own stand there; the
others stand in this folder. `test_matrix.py` checks that every test named here is there.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """A fault, what is promised, and the tests of it as `file::test`, below tests/."""

    fault: str
    promise: str
    tests: tuple[str, ...]


MATRIX: dict[int, Row] = {
    1: Row(
        "kill -9 anywhere",
        "the next run gives the same bytes; only calls in flight are paid again",
        (
            "builder/test_kills.py::test_killed_at_a_named_moment",
            "builder/test_kills.py::test_killed_at_random_moments",
            "builder/test_model_build.py::test_a_kill_costs_at_most_the_calls_in_flight",
        ),
    ),
    2: Row(
        "SIGTERM or Ctrl-C",
        "what flies is brought in within 10 s; exit code 130; the next run goes on",
        (
            "builder/test_build.py::test_ctrl_c_drains_and_says_how_to_go_on",
            "builder/test_model_build.py::test_ctrl_c_lets_calls_come_back_and_says_how_to_go_on",
            "builder/test_model_build.py::test_a_stop_ends_within_ten_seconds_though_calls_hang",
            "builder/test_model_build.py::test_a_stop_ends_within_ten_seconds_though_decoders_hang",
        ),
    ),
    3: Row(
        "a disk that is full",
        "the build stops with 1; what is sealed stays; the next run goes on",
        (
            "builder/test_build.py::test_a_full_disk_stops_the_build_and_loses_nothing",
            "faults/test_unread.py::test_a_picture_that_could_not_be_read_gives_way_to_no_other",
            "faults/test_disk_errors.py::test_any_call_may_fail",
        ),
    ),
    4: Row(
        "fsync or rename fails",
        "the build stops with 1 and never says that it is done",
        ("faults/test_disk_errors.py::test_row_04_an_fsync_or_rename_error_stops_the_build",),
    ),
    5: Row(
        "two builds of one folder",
        "the second is refused",
        ("builder/test_build.py::test_a_second_builder_is_refused",),
    ),
    6: Row(
        "another recipe, model or prompt",
        "refused, with the difference",
        (
            "builder/test_build.py::test_another_recipe_on_the_same_folder_is_refused",
            "builder/test_model_build.py::test_a_changed_prompt_asks_its_agent_and_what_follows_alone",
        ),
    ),
    7: Row(
        "a damaged ledger, or a deleted WAL",
        "it is refused, never built on; `mmusset recover` brings back what can be",
        (
            "builder/test_build.py::test_a_damaged_ledger_gets_one_clear_line",
            "builder/test_recover.py::test_a_damaged_ledger_is_refused_or_right_and_recovered",
        ),
    ),
    8: Row(
        "a sealed shard that is altered, cut or gone",
        "`verify` names it; a build writes the same bytes again",
        (
            "shards/test_shards.py::test_a_flipped_bit_is_found",
            "builder/test_build.py::test_a_damaged_shard_is_written_again",
            "builder/test_corners.py::test_a_shard_that_was_deleted_is_written_again",
        ),
    ),
    9: Row(
        "a server that is busy, resets or refuses connections",
        "no item is lost; fewer calls fly",
        (
            "speakers/test_vllm_speaker.py::test_trouble_of_the_server_is_waited_out",
            "speakers/test_dispatch.py::test_the_latency_throttle_takes_refusals_as_a_limit",
        ),
    ),
    10: Row(
        "a server that is gone for minutes",
        "the build waits, and goes on by itself or ends with 3",
        (
            "speakers/test_vllm_speaker.py::test_the_build_goes_on_when_the_server_comes_back",
            "builder/test_model_build.py::test_a_server_that_goes_away_stops_the_build_and_nothing_is_lost",
        ),
    ),
    11: Row(
        "a server that hangs or drips",
        "a call ends at its deadline",
        ("speakers/test_vllm_speaker.py::test_a_call_that_alone_is_never_answered_is_given_up",),
    ),
    12: Row(
        "answers that are cut, empty or of another form",
        "asked once more; then the item has failed, with the reason",
        (
            "builder/test_model_build.py::test_nothing_is_ever_written_from_an_answer_of_no_use",
            "speakers/test_vllm_speaker.py::test_an_answer_of_no_use_comes_as_it_is_and_is_asked_for_once_more",
        ),
    ),
    13: Row(
        "an item that kills the server",
        "it is found and given up; the others go on",
        (
            "speakers/test_vllm_speaker.py::test_an_item_that_kills_the_server_is_found_and_given_up",
        ),
    ),
    14: Row(
        "a critic that is never satisfied",
        "so many rounds and no more",
        ("agents/test_agents.py::test_the_loop_is_bounded_when_the_model_is_never_satisfied",),
    ),
    15: Row(
        "bombs, cut files, garbage",
        "rejected by reason, in bounded memory; the others go on",
        (
            "builder/test_hostile.py::test_bad_media_cost_only_themselves",
            "builder/test_hostile.py::test_a_bomb_does_not_fill_the_memory",
            "faults/test_fuzz_corpus.py::test_an_input_that_was_found_does_no_more_harm",
        ),
    ),
    16: Row(
        "a decoder that crashes or hangs",
        "it is replaced; its item waits for the next run, and has failed after three",
        (
            "faults/test_disk_errors.py::"
            "test_row_16_a_decoder_that_dies_or_hangs_once_changes_nothing",
            "faults/test_disk_errors.py::"
            "test_row_16_a_file_that_always_kills_its_decoder_is_failed_by_name",
        ),
    ),
    17: Row(
        "links, pipes, odd names, twins",
        "skipped by reason, or safe; keys never come from names",
        (
            "builder/test_hostile.py::test_odd_names_are_safe_and_accounted_for",
            "sources/test_folder.py::test_links_and_pipes_are_not_followed_or_opened",
        ),
    ),
    18: Row(
        "secrets in EXIF and tags",
        "they stand in no shard and no manifest",
        (
            "builder/test_hostile.py::test_nothing_private_reaches_the_shards",
            "evidence/test_decode.py::test_no_metadata_survives",
        ),
    ),
    19: Row(
        "orders in texts of the source",
        "what obeys them is refused; no other item is touched",
        (
            "agents/test_agents.py::test_rules_find_leaks_and_injections",
            "truth/test_orders.py::test_a_model_that_obeys_spoils_its_own_sample_alone",
        ),
    ),
    20: Row(
        "secrets in errors; tracing",
        "no key stands anywhere; no text leaves",
        (
            "builder/test_secrets.py::test_the_key_is_in_no_error_of_the_client",
            "publish/test_push.py::test_tokens_are_never_printed",
            "ground/test_tracing.py::test_a_build_that_would_be_traced_is_refused_and_nothing_is_sent",
        ),
    ),
    21: Row(
        "samples that trip `datasets`",
        "it reads all of them, streaming or not",
        (
            "shards/test_readers.py::test_datasets_reads_them",
            "publish/test_push_reads.py::test_datasets_reads_every_sample_bit_for_bit",
        ),
    ),
    22: Row(
        "a push that meets 5xx, lost replies, kills, others' commits",
        "nothing twice; the card comes last; one more push changes nothing",
        (
            "publish/test_push_faults.py::test_after_any_trouble_a_push_ends_right",
            "publish/test_push_faults.py::test_killed_anywhere_and_run_again",
            "publish/test_push_faults.py::test_somebody_commits_first",
        ),
    ),
    23: Row(
        "20,000 items, with faults, kills and outages",
        "memory grows by less than 20 MB after the warm-up; the clean build's bytes",
        ("faults/test_soak.py::test_row_23_memory_is_flat_and_trouble_changes_nothing",),
    ),
}
