"""Every flag and every variable of earlier versions still works, with the values that it had."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from medusa_sync.settings.options import ALL_OPTIONS
from tests.unit.app.commands import run

pytestmark = pytest.mark.usefixtures("isolated")

# The flag, the variable and values. 9607bfb had all of them; 462175e had most of them, and no others.
EARLIER = """
--source SYNC_PRODUCTS_SOURCE https://dummyjson.com/products sample catalogue.json -
--source-format SYNC_PRODUCTS_SOURCE_FORMAT auto json ndjson csv xml
--source-name SYNC_PRODUCTS_SOURCE_NAME dummyjson
- SYNC_PRODUCTS_SOURCE_AUTHORIZATION Bearer_x
--min-products SYNC_PRODUCTS_MIN_PRODUCTS 10
--limit SYNC_PRODUCTS_LIMIT 5
--medusa-url MEDUSA_BACKEND_URL http://localhost:9000
- MEDUSA_API_KEY sk_x
- MEDUSA_EMAIL me@example.com
- MEDUSA_PASSWORD x
--currency SYNC_PRODUCTS_CURRENCY usd EUR
--sale-prices SYNC_PRODUCTS_SALE_PRICES true
--status SYNC_PRODUCTS_STATUS published draft
--sales-channel SYNC_PRODUCTS_SALES_CHANNEL Web
--shipping-profile SYNC_PRODUCTS_SHIPPING_PROFILE Parcel
--stock-location SYNC_PRODUCTS_STOCK_LOCATION Riga
--only SYNC_PRODUCTS_ONLY price,stock
--skip SYNC_PRODUCTS_SKIP metadata.rating
--no-create SYNC_PRODUCTS_NO_CREATE true
--no-update SYNC_PRODUCTS_NO_UPDATE true
--on-conflict SYNC_PRODUCTS_ON_CONFLICT source store source,title=store
--overwrite SYNC_PRODUCTS_OVERWRITE true
--adopt SYNC_PRODUCTS_ADOPT true
--on-missing SYNC_PRODUCTS_ON_MISSING keep draft delete
--max-removals SYNC_PRODUCTS_MAX_REMOVALS 10% 5
--on-deleted SYNC_PRODUCTS_ON_DELETED recreate skip
--max-changes SYNC_PRODUCTS_MAX_CHANGES 50% 5
--max-price-change SYNC_PRODUCTS_MAX_PRICE_CHANGE 50%
--dry-run SYNC_PRODUCTS_DRY_RUN true
--batch-size SYNC_PRODUCTS_BATCH_SIZE 15 auto
--concurrency SYNC_PRODUCTS_CONCURRENCY 2
--max-retries SYNC_PRODUCTS_MAX_RETRIES 0
--connect-timeout SYNC_PRODUCTS_CONNECT_TIMEOUT 2.5
--read-timeout SYNC_PRODUCTS_READ_TIMEOUT 60
--max-duration SYNC_PRODUCTS_MAX_DURATION 600
--lock-dir SYNC_PRODUCTS_LOCK_DIR locks
--exit-code SYNC_PRODUCTS_EXIT_CODE true
--job-name SYNC_PRODUCTS_JOB_NAME nightly
--loop SYNC_PRODUCTS_LOOP true
--schedule SYNC_PRODUCTS_SCHEDULE */2_*_*_*_* @hourly
--timezone SYNC_PRODUCTS_TIMEZONE Europe/Riga
--max-runs SYNC_PRODUCTS_MAX_RUNS 3
--run-now SYNC_PRODUCTS_RUN_NOW true
--json SYNC_PRODUCTS_JSON true
--quiet SYNC_PRODUCTS_QUIET true
--verbose SYNC_PRODUCTS_VERBOSE true
--report SYNC_PRODUCTS_REPORT report.html report.json report.csv
--log-format SYNC_PRODUCTS_LOG_FORMAT text json
--metrics-file SYNC_PRODUCTS_METRICS_FILE medusa.prom
--metrics-push SYNC_PRODUCTS_METRICS_PUSH http://gateway.example
--ping-url SYNC_PRODUCTS_PING_URL https://hc-ping.com/x
--env-file SYNC_PRODUCTS_ENV_FILE settings.env
--print-settings - true
"""
NEEDED = {  # what an option needs beside it
    "--exit-code": ["--dry-run"],
    **{flag: ["--loop"] for flag in ("--schedule", "--timezone", "--max-runs", "--run-now")},
}


def earlier() -> Iterator[tuple[str, str, str]]:
    for line in EARLIER.split("\n")[1:-1]:
        flag, variable, *values = line.split()
        yield from ((flag, variable, value.replace("_", " ")) for value in values)


@pytest.mark.parametrize(("flag", "variable", "value"), list(earlier()))
def test_a_flag_and_a_variable_of_an_earlier_version_work(
    flag: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("settings.env").touch()
    monkeypatch.setenv("MEDUSA_EMAIL", "me@example.com")  # one needs the other
    monkeypatch.setenv("MEDUSA_PASSWORD", "x")
    [option] = [each for each in ALL_OPTIONS if (each.flag or "-", each.variable or "-") == (flag, variable)]
    if flag != "-":
        given = [flag] if option.is_switch else [flag, value]
        assert origin(option.name, *given, *NEEDED.get(flag, [])) in {"flag", None}
    if variable != "-":
        monkeypatch.setenv(variable, value)
        assert origin(option.name, *NEEDED.get(flag, [])) == ("flag" if flag == "--json" else "variable")


def origin(name: str, *arguments: str) -> str | None:
    """Where the value of a setting comes from; None for `--print-settings`, which is not listed."""
    result = run(*arguments, "--print-settings", "--json")
    assert result.exit_code == 0, result.output
    settings = json.loads(result.stdout)["settings"]
    kind: str | None = settings[name]["origin"]["kind"] if name in settings else None
    return kind
