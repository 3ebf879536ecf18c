"""The settings: one table that the command line, the environment, the help and the README share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from medusa_sync.core.policy import OnConflict, OnMissing, Share
from medusa_sync.settings import parsers

_SECRET_NAME = re.compile(r"auth|code|cred|key|pass|secret|session|sig|token", re.IGNORECASE)
_SHORTEST_TOKEN = 8  # characters
_WORDS = re.compile(r"[a-z]+([-_, ][a-z]+)*")  # such as the name of a category


@dataclass(frozen=True)
class Option:
    """One setting: how it is spelled on each side, how it is read, what it means.

    Attributes:
        flag: on the command line; empty for secrets, which would show in the list of processes.
        variable: in the environment or `.env`.
        default: as it would be written in the environment; None for none.
        group: under which the help lists it.
    """

    flag: str
    variable: str
    meaning: str
    read: Callable[[str], Any] = parsers.text
    default: str | None = None
    metavar: str = ""
    group: str = "Run"

    @property
    def is_switch(self) -> bool:
        return self.read is parsers.switch

    @property
    def spelling(self) -> str:
        return f"{self.flag} ({self.variable})" if self.flag else self.variable


def _option(
    flag: str,
    variable: str,
    meaning: str,
    read: Callable[[str], Any] = parsers.text,
    default: str | None = None,
    metavar: str = "",
    group: str = "Run",
) -> Any:
    return field(
        default_factory=lambda: None if default is None else read(default),
        metadata={"option": Option(flag, variable, meaning, read, default, metavar, group)},
    )


@dataclass(frozen=True)
class Settings:
    """Everything that a run can be told; the metadata of each field is its `Option`.

    `load` reads and checks it from flags, environment and `.env`. Made by hand, every field has its default.
    """

    source: str = _option(
        "--source",
        "SYNC_PRODUCTS_SOURCE",
        "Where products come from: a URL that answers like DummyJSON, a JSON file of the same shape, "
        "or 'sample' for the catalogue that comes with the tool.",
        parsers.source,
        "https://dummyjson.com/products",
        "URL|FILE|sample",
        group="Source",
    )
    source_name: str = _option(
        "--source-name",
        "SYNC_PRODUCTS_SOURCE_NAME",
        "Prefix of the external ids in the store; never change it once products are there.",
        parsers.slug,
        "dummyjson",
        "NAME",
        group="Source",
    )
    limit: int | None = _option(
        "--limit",
        "SYNC_PRODUCTS_LIMIT",
        "Take only the first N products of the source.",
        parsers.whole_number(1, 1_000_000),
        metavar="N",
        group="Source",
    )
    medusa_url: str = _option(
        "--medusa-url",
        "MEDUSA_BACKEND_URL",
        "Address of the Medusa backend.",
        parsers.store_url,
        "http://localhost:9000",
        "URL",
        group="Store",
    )
    api_key: parsers.Secret | None = _option(
        "", "MEDUSA_API_KEY", "Secret API key of the store (sk_...).", parsers.api_key
    )
    email: str | None = _option("", "MEDUSA_EMAIL", "Admin user to log in as, when there is no API key.")
    password: parsers.Secret | None = _option("", "MEDUSA_PASSWORD", "Password of that user.", parsers.secret)
    currency: str = _option(
        "--currency",
        "SYNC_PRODUCTS_CURRENCY",
        "Currency of the source's prices, in major units (9.99 is 9.99); the store must have it.",
        parsers.currency_code,
        "usd",
        "CODE",
        group="Store",
    )
    status: str = _option(
        "--status",
        "SYNC_PRODUCTS_STATUS",
        "Status of new products; that of others is changed by --on-missing alone.",
        parsers.choice("published", "draft"),
        "published",
        "published|draft",
        group="Store",
    )
    sales_channel: str | None = _option(
        "--sales-channel",
        "SYNC_PRODUCTS_SALES_CHANNEL",
        "Sales channel of new products: name or id. The store's default unless named.",
        metavar="NAME|ID",
        group="Store",
    )
    shipping_profile: str | None = _option(
        "--shipping-profile",
        "SYNC_PRODUCTS_SHIPPING_PROFILE",
        "Shipping profile of new products: name or id. The one of type 'default' unless named.",
        metavar="NAME|ID",
        group="Store",
    )
    stock_location: str | None = _option(
        "--stock-location",
        "SYNC_PRODUCTS_STOCK_LOCATION",
        "Where the source's stock lies: name or id. The store's default, or its only one, unless named.",
        metavar="NAME|ID",
        group="Store",
    )
    on_conflict: OnConflict = _option(
        "--on-conflict",
        "SYNC_PRODUCTS_ON_CONFLICT",
        "Whose value counts when source and merchant have both changed a field.",
        lambda value: OnConflict(parsers.choice(*OnConflict)(value)),
        "source",
        "source|store",
        "Merchant's work",
    )
    overwrite: bool = _option(
        "--overwrite",
        "SYNC_PRODUCTS_OVERWRITE",
        "Compare with what the store holds now and put the source's values back; with --dry-run: show drift.",
        parsers.switch,
        "false",
        group="Merchant's work",
    )
    adopt: bool = _option(
        "--adopt",
        "SYNC_PRODUCTS_ADOPT",
        "Take over products that stand in the store without our external id: same old id, SKU or handle.",
        parsers.switch,
        "false",
        group="Merchant's work",
    )
    on_missing: OnMissing = _option(
        "--on-missing",
        "SYNC_PRODUCTS_ON_MISSING",
        "What to do with products of this source that the source no longer has.",
        lambda value: OnMissing(parsers.choice(*OnMissing)(value)),
        "keep",
        "keep|draft|delete",
        "Merchant's work",
    )
    max_removals: Share = _option(
        "--max-removals",
        "SYNC_PRODUCTS_MAX_REMOVALS",
        "Remove nothing when more than so many, or so many percent, of this source's products are missing.",
        parsers.share,
        "10%",
        "N|N%",
        "Merchant's work",
    )
    dry_run: bool = _option(
        "--dry-run",
        "SYNC_PRODUCTS_DRY_RUN",
        "Show the plan and write nothing. Without credentials it checks the source alone.",
        parsers.switch,
        "false",
    )
    batch_size: int = _option(
        "--batch-size",
        "SYNC_PRODUCTS_BATCH_SIZE",
        "Products written in one request.",
        parsers.whole_number(1, 1000),
        "15",
        "N",
    )
    concurrency: int = _option(
        "--concurrency",
        "SYNC_PRODUCTS_CONCURRENCY",
        "Write requests that are under way at the same time.",
        parsers.whole_number(1, 16),
        "2",
        "N",
    )
    max_retries: int = _option(
        "--max-retries",
        "SYNC_PRODUCTS_MAX_RETRIES",
        "How many more times a failed request is tried.",
        parsers.whole_number(0, 20),
        "2",
        "N",
    )
    connect_timeout: float = _option(
        "--connect-timeout",
        "SYNC_PRODUCTS_CONNECT_TIMEOUT",
        "Seconds to wait for a connection.",
        parsers.seconds,
        "10",
        "SECONDS",
    )
    read_timeout: float = _option(
        "--read-timeout",
        "SYNC_PRODUCTS_READ_TIMEOUT",
        "Seconds to wait for a complete response.",
        parsers.seconds,
        "60",
        "SECONDS",
    )
    max_duration: float | None = _option(
        "--max-duration",
        "SYNC_PRODUCTS_MAX_DURATION",
        "Seconds after which a run starts nothing new; requests get 10 more. No limit unless set.",
        parsers.seconds,
        metavar="SECONDS",
    )
    lock_dir: str | None = _option(
        "--lock-dir",
        "SYNC_PRODUCTS_LOCK_DIR",
        "Folder of the locks that keep two runs apart. The user's own unless named.",
        parsers.path,
        metavar="FOLDER",
    )
    exit_code: bool = _option(
        "--exit-code",
        "SYNC_PRODUCTS_EXIT_CODE",
        "Let a dry run end with exit code 7 when there is something to do, as `diff` does.",
        parsers.switch,
        "false",
    )
    job_name: str = _option(
        "--job-name",
        "SYNC_PRODUCTS_JOB_NAME",
        "Name of the job in the lock, the log, the report and the metrics, when several are configured.",
        parsers.slug,
        "sync-products",
        "NAME",
    )
    loop: bool = _option(
        "--loop",
        "SYNC_PRODUCTS_LOOP",
        "Stay, and run at each tick of the schedule; SIGTERM ends it, SIGHUP reads .env again.",
        parsers.switch,
        "false",
        group="Loop",
    )
    schedule: str = _option(
        "--schedule",
        "SYNC_PRODUCTS_SCHEDULE",
        "With --loop: when to run, as cron reads it: five fields, six with seconds first, or @hourly.",
        parsers.schedule,
        "*/2 * * * *",
        "CRON",
        group="Loop",
    )
    timezone: str | None = _option(
        "--timezone",
        "SYNC_PRODUCTS_TIMEZONE",
        "With --loop: time zone of the schedule, such as Europe/Riga. TZ, else the machine's, unless named.",
        parsers.timezone,
        metavar="ZONE",
        group="Loop",
    )
    max_runs: int | None = _option(
        "--max-runs",
        "SYNC_PRODUCTS_MAX_RUNS",
        "With --loop: end after N runs.",
        parsers.whole_number(1, 1_000_000_000),
        metavar="N",
        group="Loop",
    )
    run_now: bool = _option(
        "--run-now",
        "SYNC_PRODUCTS_RUN_NOW",
        "With --loop: run once before the first tick.",
        parsers.switch,
        "false",
        group="Loop",
    )
    json: bool = _option(
        "--json",
        "SYNC_PRODUCTS_JSON",
        "Print one JSON document instead of the table.",
        parsers.switch,
        "false",
        group="Output",
    )
    quiet: bool = _option(
        "--quiet",
        "SYNC_PRODUCTS_QUIET",
        "Print nothing when nothing went wrong, warnings included; but for the document of --json.",
        parsers.switch,
        "false",
        group="Output",
    )
    verbose: bool = _option(
        "--verbose",
        "SYNC_PRODUCTS_VERBOSE",
        "Log every request and decision to stderr, and list the changes of any run.",
        parsers.switch,
        "false",
        group="Output",
    )
    log_format: str = _option(
        "--log-format",
        "SYNC_PRODUCTS_LOG_FORMAT",
        "How log lines are written to stderr: text, or a JSON object each.",
        parsers.choice("text", "json"),
        "text",
        "text|json",
        group="Output",
    )
    report: str | None = _option(
        "--report",
        "SYNC_PRODUCTS_REPORT",
        "Also write every change, field by field, and every problem to a file: .json, .csv or .html.",
        parsers.file_ending(".json", ".csv", ".html", any_case=True),
        metavar="FILE",
        group="Output",
    )
    metrics_file: str | None = _option(
        "--metrics-file",
        "SYNC_PRODUCTS_METRICS_FILE",
        "Also write metrics for Prometheus' textfile collector; the name ends in .prom.",
        parsers.file_ending(".prom"),
        metavar="FILE.prom",
        group="Output",
    )
    ping_url: str | None = _option(
        "--ping-url",
        "SYNC_PRODUCTS_PING_URL",
        "Also tell a monitor such as healthchecks.io that runs begin and end.",
        parsers.web_address,
        metavar="URL",
        group="Output",
    )

    def secrets(self) -> Iterator[str]:
        """Texts that no output may show."""
        for secret in (self.api_key, self.password):
            if secret is not None:
                yield secret.reveal()
        proxies = (value for name, value in os.environ.items() if name.lower().endswith("_proxy"))
        source = self.source if "://" in self.source else ""
        for url in (source, self.medusa_url, self.ping_url or "", *map(_with_scheme, proxies)):
            yield from _secrets_of(url)
        if self.ping_url:  # anyone who knows the address can ping
            yield self.ping_url
            yield from _tokens([urlsplit(self.ping_url).path.strip("/")])


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _secrets_of(url: str) -> Iterator[str]:
    """The password of an address, and the values in its query that look like a token."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a proxy that no request can use
        return
    user_info, at, _ = parts.netloc.rpartition("@")
    if at:
        user, _, password = user_info.partition(":")
        yield unquote(password or user)
    query = parse_qsl(parts.query)
    yield from (value for name, value in query if _SECRET_NAME.search(name))
    yield from _tokens(value for _, value in query)


def _tokens(values: Iterable[str]) -> Iterator[str]:
    """Those values that are not just words."""
    return (value for value in values if len(value) >= _SHORTEST_TOKEN and not _WORDS.fullmatch(value))


ENV_FILE = Option(
    "--env-file",
    "SYNC_PRODUCTS_ENV_FILE",
    "File of settings, one NAME=value a line. `.env` of the working directory unless named.",
    metavar="FILE",
)
OPTIONS: Mapping[str, Option] = {entry.name: entry.metadata["option"] for entry in fields(Settings)}
