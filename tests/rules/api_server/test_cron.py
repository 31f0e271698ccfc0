from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.rules.api_server.cron import schedule_error, time_zone_errors


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 0-6,22-23 1,15 jan-MAR sun,Sat",
        "0 0 ? * ?",
        "5/15 * * * *",
        ", * * * *",
        "*-9 * * * *",
        "+5 * * * *",
        "  0\t0 * *\n0  ",
        "@daily",
        "@every 1h30m",
        "@every -1.5s",
        "@every 0",
        "TZ=Europe/Berlin 0 0 * * *",
        "CRON_TZ=UTC @hourly",
    ],
)
def test_what_the_parser_reads_is_fine(schedule: str) -> None:
    assert schedule_error(schedule) == ""


@pytest.mark.parametrize(
    ("schedule", "error"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("0 * * * * *", "expected exactly 5 fields, found 6: [0 * * * * *]"),
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/-1 * * * *", "negative number (-1) not allowed: -1"),
        ("*/1/2 * * * *", "too many slashes: */1/2"),
        ("mon * * * *", 'failed to parse int from mon: strconv.Atoi: parsing "mon": invalid syntax'),
        ("* * * * -1", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
        (f"{'9' * 5000} * * * *", "value out of range"),
        ("@reboot", "unrecognized descriptor: @reboot"),
        ("@every 5", 'failed to parse duration @every 5: time: invalid duration "5"'),
        ("@Daily", "unrecognized descriptor: @Daily"),
        ("TZ=Mars/Phobos * * * * *", "provided bad location Mars/Phobos: unknown time zone Mars/Phobos"),
        ("TZ=0", "invalid schedule format: runtime error: slice bounds out of range [:-1]"),
    ],
)
def test_what_the_parser_can_not_read_is_explained_in_its_words(schedule: str, error: str) -> None:
    assert schedule_error(schedule).endswith(error)


@given(st.text("0123456789*/-,? @TZ=every jan", max_size=30))
def test_any_text_is_judged(schedule: str) -> None:
    assert isinstance(schedule_error(schedule), str)


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT-14", "US/Eastern", "America/Argentina/ComodRivadavia", "Europe/Kyiv"])
def test_old_and_new_names_of_the_time_zone_database_are_known(name: str) -> None:
    assert time_zone_errors(name) == ()


@pytest.mark.parametrize("name", ["Mars/Phobos", "europe/berlin", "../etc/passwd", "/UTC", "-UTC", "A" * 15, "UTC "])
def test_what_the_time_zone_database_lacks_is_unknown(name: str) -> None:
    assert time_zone_errors(name) == (f"unknown time zone {name}",)


def test_the_time_zone_of_the_server_is_not_for_manifests() -> None:
    assert len(time_zone_errors("Local")) == 1
    assert len(time_zone_errors("local")) == 2
    assert time_zone_errors("") == ("timeZone must be nil or non-empty string",)
