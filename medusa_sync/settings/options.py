"""All settings, one row each: command line, environment, help and README are derived from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from medusa_sync.core.policy import OnConflict, OnDeleted, OnMissing, PriceLimit, Share
from medusa_sync.settings import parsers
from medusa_sync.settings.secrets import Secret, proxies, secrets_in, secrets_in_ping_url

T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    """How a setting is spelled, read and described.

    Attributes:
        name: of the attribute of `Settings`; the flag and the variable are derived from it.
        read: parses the text; raises ValueError.
        default: as text; None if there is none.
        group: panel of `--help`.
        own_variable: the variable, if it is not the name with the prefix `SYNC_PRODUCTS_`.
        is_secret: it has no flag, because the process list shows flags.
        needs_loop: its flag has no effect without `--loop`.
    """

    name: str
    help: str
    read: Callable[[str], Any] = parsers.text
    default: str | None = None
    metavar: str = ""
    group: str = "Run"
    own_variable: str = ""
    is_secret: bool = False
    needs_loop: bool = False

    @property
    def flag(self) -> str:
        return "" if self.is_secret else f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return self.own_variable or f"SYNC_PRODUCTS_{self.name.upper()}"

    @property
    def is_switch(self) -> bool:
        return self.read is parsers.switch

    @property
    def opposite(self) -> str:
        """The flag that turns a switch off."""
        is_negative = self.name.startswith("no_")
        return (
            f"--{self.flag.removeprefix('--no-')}" if is_negative else f"--no-{self.flag.removeprefix('--')}"
        )

    @property
    def spelling(self) -> str:
        return f"{self.flag} ({self.variable})" if self.flag else self.variable


def _option(help_: str, read: Callable[[str], T], default: str, metavar: str = "", **row: Any) -> T:
    row |= {"help": help_, "read": read, "default": default, "metavar": metavar}
    return field(default_factory=lambda: read(default), metadata=row)


def _optional(help_: str, read: Callable[[str], T], metavar: str = "", **row: Any) -> T | None:
    return field(default=None, metadata=row | {"help": help_, "read": read, "metavar": metavar})


def _switch(help_: str, group: str = "Run", **row: Any) -> bool:
    return _option(help_, parsers.switch, "false", group=group, **row)


@dataclass(frozen=True)
class Settings:
    """All settings of a run. `load_settings` reads them; a program can also construct them directly."""

    source: str = _option(
        "Where products come from: a URL with the API of DummyJSON, a JSON file of the same form, or "
        "'sample' for the built-in catalogue.",
        parsers.source,
        "https://dummyjson.com/products",
        "URL|FILE|sample",
        group="Source",
    )
    source_name: str = _option(
        "Prefix of the external ids in the store. Do not change it after the first sync.",
        parsers.slug,
        "dummyjson",
        "NAME",
        group="Source",
    )
    limit: int | None = _optional(
        "Sync only the first N products of the source.",
        parsers.whole_number(1, 1_000_000),
        "N",
        group="Source",
    )
    medusa_url: str = _option(
        "URL of the Medusa backend.",
        parsers.store_url,
        "http://localhost:9000",
        "URL",
        group="Store",
        own_variable="MEDUSA_BACKEND_URL",
    )
    api_key: Secret | None = _optional(
        "Secret API key of the store (sk_...).",
        parsers.api_key,
        own_variable="MEDUSA_API_KEY",
        is_secret=True,
    )
    email: str | None = _optional(
        "Email of an admin user, to log in without an API key.",
        parsers.text,
        own_variable="MEDUSA_EMAIL",
        is_secret=True,
    )
    password: Secret | None = _optional(
        "Password of that user.", parsers.secret, own_variable="MEDUSA_PASSWORD", is_secret=True
    )
    currency: str = _option(
        "Currency of the source's prices, in major units (9.99 means 9.99). The store must support it.",
        parsers.currency_code,
        "usd",
        "CODE",
        group="Store",
    )
    sale_prices: bool = _switch(
        "Write discounts of the source as sale prices, to a price list of its own.", "Store"
    )
    status: str = _option(
        "Status of new products that have none at the source. Only --on-missing changes it later.",
        parsers.choice("published", "draft"),
        "published",
        "published|draft",
        group="Store",
    )
    sales_channel: str | None = _optional(
        "Name or id of the sales channel of new products. Default: the store's default sales channel.",
        parsers.text,
        "NAME|ID",
        group="Store",
    )
    shipping_profile: str | None = _optional(
        "Name or id of the shipping profile of new products. Default: the profile of type 'default'.",
        parsers.text,
        "NAME|ID",
        group="Store",
    )
    stock_location: str | None = _optional(
        "Name or id of the location of the source's stock. Default: the store's default location, or its "
        "only one.",
        parsers.text,
        "NAME|ID",
        group="Store",
    )
    only: frozenset[str] | None = _optional(
        "Sync only these fields of products that are in the store, such as price,stock. New products are "
        "created with all fields.",
        parsers.field_names,
        "FIELDS",
    )
    skip: frozenset[str] | None = _optional(
        "Do not sync these fields of products that are in the store.", parsers.field_names, "FIELDS"
    )
    no_create: bool = _switch("Create no products: those that the store lacks are skipped.")
    no_update: bool = _switch("Update no products, except those whose last update was interrupted.")
    on_conflict: OnConflict = _option(
        "Whose value is kept if both the source and the merchant changed a field.",
        parsers.member(OnConflict),
        "source",
        "source|store",
        group="Merchant's work",
    )
    overwrite: bool = _switch(
        "Compare with the current values in the store and restore the source's. With --dry-run: show drift.",
        "Merchant's work",
    )
    adopt: bool = _switch(
        "Take over existing products that have no external id of ours but the same old id, SKU or handle.",
        "Merchant's work",
    )
    on_missing: OnMissing = _option(
        "What to do with products and variants of this source that the source no longer has.",
        parsers.member(OnMissing),
        "keep",
        "keep|draft|delete",
        group="Merchant's work",
    )
    max_removals: Share = _option(
        "Remove nothing if more than this number or percentage of its products or variants are missing.",
        parsers.share,
        "10%",
        "N|N%",
        group="Merchant's work",
    )
    on_deleted: OnDeleted = _option(
        "What to do with products of the source that the merchant deleted in the store.",
        parsers.member(OnDeleted),
        "recreate",
        "recreate|skip",
        group="Merchant's work",
    )
    max_changes: Share | None = _optional(
        "Write nothing if more than this number or percentage of its products in the store would be updated "
        "or removed. Default: no limit.",
        parsers.share,
        "N|N%",
        group="Merchant's work",
    )
    max_price_change: PriceLimit | None = _optional(
        "Hold back a price that would move by more than this, up or down, or to 0. Default: no limit.",
        parsers.price_limit,
        "N%",
        group="Merchant's work",
    )
    dry_run: bool = _switch("Show the plan and write nothing. Without credentials, only check the source.")
    batch_size: int | None = _option(
        "Number of products per write request. 'auto' starts with 15 and doubles while that is faster.",
        parsers.whole_number_or_auto(1, 1000),
        "15",
        "N|auto",
    )
    concurrency: int = _option(
        "Number of batches written at the same time. Tags and categories are created eight at a time.",
        parsers.whole_number(1, 16),
        "2",
        "N",
    )
    max_retries: int = _option(
        "How many times a failed request is retried.", parsers.whole_number(0, 20), "2", "N"
    )
    connect_timeout: float = _option("Seconds to wait for a connection.", parsers.seconds, "10", "SECONDS")
    read_timeout: float = _option(
        "Seconds to wait for a complete response.", parsers.seconds, "60", "SECONDS"
    )
    max_duration: float | None = _optional(
        "Start nothing new after this many seconds. Requests in progress get 10 more. Default: no limit.",
        parsers.seconds,
        "SECONDS",
    )
    lock_dir: str | None = _optional(
        "Folder for lock files, which prevent concurrent runs. Default: the state folder of the user.",
        parsers.path,
        "FOLDER",
    )
    exit_code: bool = _switch("With --dry-run: exit with code 7 if there is something to do.")
    job_name: str = _option(
        "Name of the job in the lock, log, report and metrics. Set it if you configure several jobs.",
        parsers.slug,
        "sync-products",
        "NAME",
    )
    loop: bool = _switch(
        "Keep running, and sync at each tick of the schedule. SIGTERM ends the loop, SIGHUP reloads .env.",
        "Loop",
    )
    schedule: str = _option(
        "With --loop: a cron expression with five fields, six with seconds first, or a name such as @hourly.",
        parsers.schedule,
        "*/2 * * * *",
        "CRON",
        group="Loop",
        needs_loop=True,
    )
    timezone: str | None = _optional(
        "With --loop: time zone of the schedule, such as Europe/Riga. Default: TZ, or the system's zone.",
        parsers.timezone,
        "ZONE",
        group="Loop",
        needs_loop=True,
    )
    max_runs: int | None = _optional(
        "With --loop: exit after N runs.",
        parsers.whole_number(1, 1_000_000_000),
        "N",
        group="Loop",
        needs_loop=True,
    )
    run_now: bool = _switch("With --loop: start with a run, before the first tick.", "Loop", needs_loop=True)
    json: bool = _switch("Print one JSON document instead of the table.", "Output")
    quiet: bool = _switch(
        "Print only problems and conflicts, not even warnings. --json still prints its document.",
        "Output",
    )
    verbose: bool = _switch(
        "Log every request and decision to stderr, and list the changes of every run.", "Output"
    )
    log_format: str = _option(
        "Format of the log on stderr: lines of text, or one JSON object per line.",
        parsers.choice("text", "json"),
        "text",
        "text|json",
        group="Output",
    )
    report: str | None = _optional(
        "Also write every field change and every problem to a file: .json, .csv or .html.",
        parsers.file_ending(".json", ".csv", ".html", any_case=True),
        "FILE",
        group="Output",
    )
    metrics_file: str | None = _optional(
        "Also write metrics for the textfile collector of Prometheus. The name must end in .prom.",
        parsers.file_ending(".prom"),
        "FILE.prom",
        group="Output",
    )
    metrics_push: str | None = _optional(
        "Also push metrics to a Prometheus Pushgateway. The URL may contain a user and a password.",
        parsers.gateway,
        "URL",
        group="Output",
    )
    ping_url: str | None = _optional(
        "Also ping a monitor such as healthchecks.io when a run starts and when it ends.",
        parsers.web_address,
        "URL",
        group="Output",
    )

    def secrets(self) -> Iterator[str]:
        """Yield the texts that no output may show."""
        for secret in (self.api_key, self.password):
            if secret is not None:
                yield secret.reveal()
        for url in (self.source, self.medusa_url, self.metrics_push or "", *proxies()):
            yield from secrets_in(url)
        if self.ping_url is not None:
            yield from secrets_in_ping_url(self.ping_url)


ENV_FILE = Option(
    "env_file",
    "File of settings, one NAME=value per line. Default: .env in the working directory.",
    metavar="FILE",
)
OPTIONS: Mapping[str, Option] = {
    entry.name: Option(entry.name, **entry.metadata) for entry in fields(Settings)
}
