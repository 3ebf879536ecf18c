"""All settings, one row each: command line, environment, help and README are derived from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from medusa_sync.core.policy import ConflictPolicy, OnDeleted, OnMissing, PriceLimit, Share
from medusa_sync.settings import completions, parsers
from medusa_sync.settings.option import Group, Option
from medusa_sync.settings.secrets import (
    Secret,
    basic_authorization,
    proxies,
    secrets_in,
    secrets_in_authorization,
    secrets_in_ping_url,
)

T = TypeVar("T")


# `shown=False` keeps URLs that may contain a password out of the representation of the settings.
def _option(help_: str, read: Callable[[str], T], default: str, metavar: str = "", **row: Any) -> T:
    shown = row.pop("shown", True)
    row |= {"help": help_, "read": read, "default": default, "metavar": metavar}
    return field(default_factory=lambda: read(default), repr=shown, metadata=row)


def _optional(help_: str, read: Callable[[str], T], metavar: str = "", **row: Any) -> T | None:
    shown = row.pop("shown", True)
    return field(default=None, repr=shown, metadata=row | {"help": help_, "read": read, "metavar": metavar})


def _switch(help_: str, group: Group = "What is written", **row: Any) -> bool:
    return _option(help_, parsers.switch, "false", group=group, **row)


@dataclass(frozen=True)
class Settings:
    """All settings of a run. `load_settings` reads them; a program can also construct them directly."""

    source: str = _option(
        "URL of an API or a file, path of a file, - for standard input, or the built-in sample.",
        parsers.source,
        "https://dummyjson.com/products",
        "URL|FILE|-|sample",
        group="Source",
        shown=False,
    )
    source_format: str = _option(
        "Format of a file.",
        parsers.choice("auto", "json", "ndjson", "csv", "xml"),
        "auto",
        "auto|json|ndjson|csv|xml",
        group="Source",
        more="'auto' recognises it by its content type, its name and its first bytes.",
    )
    source_map: str | None = _optional(
        "A jq program that turns items of the source into products, or a built-in one.",
        parsers.path,
        "FILE|NAME",
        group="Source",
        more="Default: a built-in one, if the fields of the source show that it needs it.",
    )
    source_name: str = _option(
        "Prefix of external ids in the store. Do not change it after the first sync.",
        parsers.slug,
        "dummyjson",
        "NAME",
        group="Source",
    )
    source_authorization: Secret | None = _optional(
        "Value of the Authorization header for the source, such as 'Bearer ...'. Sent only to its host.",
        parsers.authorization,
        is_secret=True,
    )
    min_products: int | None = _optional(
        "Write nothing if the source has fewer valid products.",
        parsers.whole_number(1, 1_000_000_000),
        "N",
        group="Guards",
        more="Reads all of them before the first write.",
    )
    limit: int | None = _optional(
        "Sync only the first N products.", parsers.whole_number(1, 1_000_000_000), "N", group="Source"
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
        "Currency of the source's prices, in major units (9.99 means 9.99).",
        parsers.currency_code,
        "usd",
        "CODE",
        group="Source",
        more="The store must support it.",
    )
    sale_prices: bool = _switch("Write discounts of the source as sale prices, to a price list of its own.")
    status: str = _option(
        "Status of new products that have none at the source.",
        parsers.choice("published", "draft"),
        "published",
        "published|draft",
        more="Only --on-missing changes it later.",
    )
    sales_channel: str | None = _optional(
        "Sales channel of new products. Default: the default one of the store.",
        parsers.text,
        "NAME|ID",
        group="Store",
    )
    shipping_profile: str | None = _optional(
        "Shipping profile of new products. Default: the one of type 'default'.",
        parsers.text,
        "NAME|ID",
        group="Store",
    )
    stock_location: str | None = _optional(
        "Location of the source's stock. Default: the default one of the store, or its only one.",
        parsers.text,
        "NAME|ID",
        group="Store",
    )
    only: frozenset[str] | None = _optional(
        "Sync only these fields of stored products, such as price,stock.",
        parsers.field_names,
        "FIELDS",
        complete=completions.field_names,
        more="New products are created with all fields.",
    )
    skip: frozenset[str] | None = _optional(
        "Do not sync these fields of stored products.",
        parsers.field_names,
        "FIELDS",
        complete=completions.field_names,
    )
    no_create: bool = _switch("Skip products that the store lacks.")
    no_update: bool = _switch("Skip products that the store has, unless their last update was interrupted.")
    on_conflict: ConflictPolicy = _option(
        "Which side wins if both changed a field: source, store, or source,title=store.",
        parsers.conflict_policy,
        "source",
        "SIDES",
        complete=completions.sides,
        more="A side for all fields, and other sides for some of them.",
    )
    overwrite: bool = _switch(
        "Restore the source's values that the merchant changed. With --dry-run: show drift."
    )
    adopt: bool = _switch(
        "Take over existing products with the same old id, SKU or handle.",
        more="Only those that have no external id of ours.",
    )
    on_missing: OnMissing = _option(
        "What happens to products and variants that the source no longer has.",
        parsers.member(OnMissing),
        "keep",
        "keep|draft|delete",
    )
    max_removals: Share = _option(
        "Remove nothing if more products or variants than this are missing.",
        parsers.share,
        "10%",
        "N|N%",
        group="Guards",
        more="A number, or a percentage of the stored ones.",
    )
    on_deleted: OnDeleted = _option(
        "What happens to products that the merchant deleted in the store.",
        parsers.member(OnDeleted),
        "recreate",
        "recreate|skip",
    )
    max_changes: Share | None = _optional(
        "Write nothing if more stored products than this would be updated or removed.",
        parsers.share,
        "N|N%",
        group="Guards",
        more="Default: no limit.",
    )
    max_price_change: PriceLimit | None = _optional(
        "Hold back prices that would move by more than this, up or down, or to 0.",
        parsers.price_limit,
        "N%",
        group="Guards",
        more="Default: no limit.",
    )
    dry_run: bool = _switch("Show the plan and write nothing. Without credentials, only check the source.")
    batch_size: int | None = _option(
        "Products per write request, or 'auto' to choose the fastest number.",
        parsers.whole_number_or_auto(1, 1000),
        "15",
        "N|auto",
        group="Speed",
        more="'auto' starts with 15 and doubles while that is faster.",
    )
    concurrency: int = _option(
        "Batches written at the same time.",
        parsers.whole_number(1, 16),
        "2",
        "N",
        group="Speed",
    )
    max_retries: int = _option(
        "Retries of a failed request.", parsers.whole_number(0, 20), "2", "N", group="Speed"
    )
    connect_timeout: float = _option(
        "Seconds to wait for a connection.", parsers.seconds, "10", "SECONDS", group="Speed"
    )
    read_timeout: float = _option(
        "Seconds for a complete response, or for the next byte of a file.",
        parsers.seconds,
        "60",
        "SECONDS",
        group="Speed",
    )
    max_duration: float | None = _optional(
        "Start nothing new after this time; requests in progress get 10 seconds more.",
        parsers.seconds,
        "SECONDS",
        group="Guards",
        more="Default: no limit.",
    )
    lock_dir: str | None = _optional(
        "Folder of lock files. Default: the state folder of the user.",
        parsers.path,
        "FOLDER",
        group="Guards",
        more="Locks prevent concurrent runs.",
    )
    exit_code: bool = _switch("Exit with 7 if a dry run finds something to do.", "Output")
    job_name: str = _option(
        "Name of the job in the log, report and metrics.",
        parsers.slug,
        "sync-products",
        "NAME",
        group="Schedule",
        more="Set it if you configure several jobs. Two jobs of one store and source never run at once.",
    )
    loop: bool = _switch(
        "Keep running, and sync at each tick of the schedule.",
        "Schedule",
        more="SIGTERM ends the loop, SIGHUP reloads .env.",
    )
    schedule: str = _option(
        "With --loop: a cron expression, or a name such as @hourly.",
        parsers.schedule,
        "*/2 * * * *",
        "CRON",
        group="Schedule",
        needs_loop=True,
        more="Five fields, or six with seconds first.",
    )
    timezone: str | None = _optional(
        "With --loop: zone of the schedule, such as Europe/Riga. Default: TZ, or the system's.",
        parsers.timezone,
        "ZONE",
        complete=completions.time_zones,
        group="Schedule",
        needs_loop=True,
    )
    max_runs: int | None = _optional(
        "With --loop: exit after N runs.",
        parsers.whole_number(1, 1_000_000_000),
        "N",
        group="Schedule",
        needs_loop=True,
    )
    run_now: bool = _switch(
        "With --loop: start with a run.",
        "Schedule",
        needs_loop=True,
        more="Without it, the first tick starts the first run.",
    )
    json: bool = _switch("Print one JSON document instead of the table.", "Output")
    quiet: bool = _switch(
        "Print only problems and conflicts, not even warnings.",
        "Output",
        more="--json still prints its document.",
    )
    verbose: bool = _switch("Log requests and decisions, list all changes.", "Output")
    log_format: str = _option(
        "Format of the log on stderr.",
        parsers.choice("text", "json"),
        "text",
        "text|json",
        group="Output",
        more="Lines of text, or one JSON object per line.",
    )
    report: str | None = _optional(
        "Write all changes and problems to a file: .json, .csv or .html.",
        parsers.file_ending(".json", ".csv", ".html", any_case=True),
        "FILE",
        group="Output",
    )
    metrics_file: str | None = _optional(
        "Write metrics for the textfile collector of Prometheus.",
        parsers.file_ending(".prom"),
        "FILE.prom",
        group="Output",
        more="The name must end in .prom.",
    )
    metrics_push: str | None = _optional(
        "Push metrics to a Prometheus Pushgateway.",
        parsers.gateway,
        "URL",
        group="Output",
        shown=False,
        more="The URL may contain a user and a password.",
    )
    ping_url: str | None = _optional(
        "Ping a monitor such as healthchecks.io when a run starts and when it ends.",
        parsers.ping_url,
        "URL",
        group="Output",
        shown=False,
        is_private=True,
    )

    def authorization(self) -> str | None:
        """Return the Authorization header of requests to the source; None if it needs none."""
        given = self.source_authorization
        return basic_authorization(self.source) if given is None else given.reveal()

    def secrets(self) -> Iterator[str]:
        """Yield the texts that no output may show."""
        for secret in (self.api_key, self.password):
            if secret is not None:
                yield secret.reveal()
        if (header := self.authorization()) is not None:
            yield from secrets_in_authorization(header)
        for url in (self.source, self.medusa_url, self.metrics_push or "", *proxies()):
            yield from secrets_in(url)
        if self.ping_url is not None:
            yield from secrets_in_ping_url(self.ping_url)


ENV_FILE = Option(
    "env_file",
    "File of settings, a NAME=value in each line. Default: .env in the working directory.",
    metavar="FILE",
    group="Store",
)
PRINT_SETTINGS = Option(
    "print_settings",
    "Show every setting and its origin, and exit.",
    parsers.switch,
    default="false",
    group="Output",
    is_command=True,
)
OPTIONS: Mapping[str, Option] = {
    entry.name: Option(entry.name, **entry.metadata) for entry in fields(Settings)
}
"""The settings by name."""

ALL_OPTIONS = (*OPTIONS.values(), ENV_FILE, PRINT_SETTINGS)
