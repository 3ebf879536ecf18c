"""A run of the tests ends with what was skipped, and with the line that installs what is missing."""

from tests.tiers import left_out


def test_skipped_tests_are_counted_by_reason_with_one_line_to_install_what_is_missing() -> None:
    skipped = [
        "Skipped: rclone is not installed (Debian: rclone)",
        "Skipped: Node 20 or later is needed (Debian: nodejs npm)",
        "Skipped: Node 20 or later is needed (Debian: nodejs npm)",
        "running a cron daemon needs root",
    ]
    assert [*left_out(skipped)] == [
        "2 tests: Node 20 or later is needed",
        "1 test: rclone is not installed",
        "1 test: running a cron daemon needs root",
        "To run them: sudo apt-get install nodejs npm rclone",
    ]


def test_nothing_is_said_if_nothing_was_skipped() -> None:
    assert [*left_out([])] == []


def test_reasons_without_a_package_have_no_line_to_install() -> None:
    assert [*left_out(["running a cron daemon needs root"])] == ["1 test: running a cron daemon needs root"]
