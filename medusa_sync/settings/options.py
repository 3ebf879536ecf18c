"""All settings, one row each: flags, variables, help and pages are derived from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from medusa_sync.core.policy import (
    AVAILABLE,
    ON_HAND,
    ConflictPolicy,
    OnConflict,
    OnDeleted,
    OnMissing,
    PriceLimit,
    Share,
)
from medusa_sync.settings import parsers
from medusa_sync.settings.option import Group, Option, complete_fields, complete_sides, complete_time_zones
from medusa_sync.settings.secrets import (
    Secret,
    basic_authorization,
    proxies,
    secrets_in,
    secrets_in_authorization,
    secrets_in_ping_url,
)

if TYPE_CHECKING:
    from medusa_sync.core.ids import Shard

T = TypeVar("T")

_FORMATS = ("auto", "json", "ndjson", "csv", "xml", "xlsx")
_COUNT = parsers.whole_number(1, 1_000_000_000)


def _option(
    group: Group, metavar: str, read: Callable[[str], T], default: str, help_: str, **others: Any
) -> T:
    row = {"group": group, "metavar": metavar, "read": read, "default": default, "help": help_, **others}
    has_repr = "URL" not in metavar  # which may contain a password
    return field(default_factory=lambda: read(default), repr=has_repr, metadata=row)


def _optional(group: Group, metavar: str, read: Callable[[str], T], help_: str, **others: Any) -> T | None:
    row = {"group": group, "metavar": metavar, "read": read, "help": help_, **others}
    return field(default=None, repr="URL" not in metavar, metadata=row)


def _switch(group: Group, help_: str, **others: Any) -> bool:
    return _option(group, "", parsers.switch, "false", help_, **others)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a run. `load_settings` reads them; a program can also construct them directly."""

    # A row has two or three lines; the formatter would give each argument its own.
    # fmt: off
    source: str = _option("Source", "URL|FILE|-|sample", parsers.source, "https://dummyjson.com/products",
        "URL of an API or a file, path of a file, - for standard input, or the built-in sample.",
        more="[Packages](python-api.md#a-source-of-your-own) can read URLs of other schemes.",
        is_common=True)
    source_format: str = _option("Source", "FORMAT", parsers.choice(*_FORMATS), "auto",
        "Format of a file: auto, json, ndjson, csv, xml or xlsx.",
        more="'auto' recognises it by its content type, its name and its first bytes.",
        complete=lambda _typed: _FORMATS)
    source_map: str | None = _optional("Source", "FILE|NAME", parsers.path,
        "A jq program that turns items of the source into products, or a built-in one.",
        more="Default: a built-in one, if the fields of the source show that it needs it.")
    adjust: str | None = _optional("Source", "FILE.jq|PROGRAM", parsers.text,
        "A jq program that changes each product after it was read, or leaves it out.",
        more="[It gets](adjust.md) medusa-sync JSON, whatever the format of the source is.")
    source_name: str = _option("Source", "NAME", parsers.slug, "dummyjson",
        "Prefix of external ids in the store. Do not change it after the first sync.",
        more="1 to 40 lower-case letters, digits, '.', '-' or '_'.", is_common=True)
    source_authorization: Secret | None = _optional("Source", "", parsers.authorization,
        "Value of the Authorization header for the source, such as 'Bearer ...'. Sent only to its host.",
        is_secret=True)
    currency: str = _option("Source", "CODE", parsers.currency_code, "usd",
        "Currency of prices for which the source names none, in major units (9.99 means 9.99).",
        more="The store must support it.", is_common=True)
    stock_is: str = _option("Source", "on-hand|available", parsers.choice(ON_HAND, AVAILABLE), ON_HAND,
        "What stock of the source counts: all that is there, or what no open order has reserved.",
        more="With available, the store gets the source's number plus what is reserved there.")
    limit: int | None = _optional("Source", "N", _COUNT, "Sync only the first N products.", is_common=True)
    product: frozenset[str] | None = _optional("Source", "ID", parsers.ids,
        "Sync only this product of the source, and remove no others. Can be repeated.",
        more="With --verbose, the log explains each field. In the variable, one is in each line.")
    shard: Shard | None = _optional("Source", "K/N", parsers.shard,
        "Sync only part K of N of the products, from 1/N to N/N.",
        more="For N processes that share a large catalogue.")

    medusa_url: str = _option("Store", "URL", parsers.store_url, "http://localhost:9000",
        "URL of the Medusa backend.", own_variable="MEDUSA_BACKEND_URL", is_common=True)
    api_key: Secret | None = _optional("Store", "", parsers.api_key,
        "Secret API key of the store (sk_...).", own_variable="MEDUSA_API_KEY", is_secret=True)
    email: str | None = _optional("Store", "", parsers.text,
        "Email of an admin user, to log in without an API key.", own_variable="MEDUSA_EMAIL", is_secret=True)
    password: Secret | None = _optional("Store", "", parsers.secret,
        "Password of that user.", own_variable="MEDUSA_PASSWORD", is_secret=True)
    sales_channel: str | None = _optional("Store", "NAME|ID", parsers.text,
        "Sales channel of new products. Default: the default one of the store.", is_common=True)
    shipping_profile: str | None = _optional("Store", "NAME|ID", parsers.text,
        "Shipping profile of new products. Default: the one of type 'default'.")
    stock_location: str | None = _optional("Store", "NAME|ID", parsers.text,
        "Location of stock that names none. Default: the default one of the store, or its only one.",
        is_common=True)

    dry_run: bool = _switch("What is written",
        "Show the plan and write nothing. Without credentials, only check the source.", is_common=True)
    save_plan: str | None = _optional("What is written", "PLAN|-", parsers.path,
        "With --dry-run: save the plan in a file, to be written with --apply-plan.", needs="dry_run",
        more="- is standard output.", is_common=True)
    apply_plan: str | None = _optional("What is written", "PLAN", parsers.path,
        "Write a saved plan, and skip products that have changed since.",
        more="The source is not read.", is_common=True)
    only: frozenset[str] | None = _optional("What is written", "FIELDS", parsers.field_names,
        "Sync only these fields of stored products, such as price,stock.",
        more="New products are created with all fields.", complete=complete_fields, is_common=True)
    skip: frozenset[str] | None = _optional("What is written", "FIELDS", parsers.field_names,
        "Do not sync these fields of stored products.", complete=complete_fields, is_common=True)
    on_conflict: ConflictPolicy = _option("What is written", "SIDES", parsers.conflict_policy, "source",
        "Which side wins if both changed a field: source, store, or source,title=store.",
        more="A side for all fields, and other sides for some of them.",
        complete=complete_sides, is_common=True)
    on_missing: OnMissing = _option("What is written", "keep|draft|delete", parsers.choice(*OnMissing),
        "keep", "What happens to products and variants that the source no longer has.", is_common=True)
    remove_after: float | None = _optional("What is written", "DURATION", parsers.duration,
        "With --on-missing: remove only what has been missing this long, such as 7d.", needs="on_missing",
        more="Seconds, or a number with m, h, d or w. Default: it is removed at once.")
    on_deleted: OnDeleted = _option("What is written", "recreate|skip", parsers.choice(*OnDeleted),
        "recreate", "What happens to products that the merchant deleted in the store.")
    adopt: bool = _switch("What is written",
        "Take over products of the store with the same SKU or handle.",
        more="Or the same metadata.external_id. Only those with no external id, or the source's id as that.",
        is_common=True)
    sale_prices: bool = _switch("What is written",
        "Write discounts of the source as sale prices, to a price list of its own.", is_common=True)
    copy_images: frozenset[str] | None = _optional("What is written", "public|HOSTS", parsers.image_hosts,
        "Copy images to the store: public for those of all public hosts, or names of hosts.",
        more="Only a named host may have a private address. See [FAQ](faq.md#are-images-copied-to-medusa).")
    status: str = _option("What is written", "published|draft", parsers.choice("published", "draft"),
        "published", "Status of new products that have none at the source.",
        more="Only --on-missing changes it later.")
    undo: str | None = _optional("What is written", "last|list|RUN|FILE.json", parsers.undone_run,
        "Take back a run: the last one, or that of an id, a time or a JSON report; list shows those kept.",
        more="The source is not read.", is_common=True)
    overwrite: bool = _switch("What is written",
        "Restore the source's values that the merchant changed. With --dry-run: show them.")
    no_create: bool = _switch("What is written", "Skip products that the store lacks.")
    no_update: bool = _switch("What is written",
        "Skip products that the store has, unless their last update was interrupted.")

    max_removals: Share = _option("Guards", "N|N%", parsers.share, "10%",
        "Remove nothing if more products or variants than this are missing.",
        more="A number, or a percentage of the stored ones.", is_common=True)
    max_changes: Share | None = _optional("Guards", "N|N%", parsers.share,
        "Write nothing if more stored products than this would be updated or removed.",
        more="Default: no limit.", is_common=True)
    max_price_change: PriceLimit | None = _optional("Guards", "N%|none", parsers.price_limit,
        "Do not write prices that would move by more than this, up or down, or to 0.",
        more="Default: no limit.", is_common=True)
    accept_settings: bool = _switch("Guards",
        "Continue although --currency, --source-map, --adjust or another such setting has changed.",
        more="Also --sale-prices, --stock-is, --stock-location and --copy-images. For one run.")
    max_rejected: Share = _option("Guards", "N|N%", parsers.share, "0",
        "Exit with 0 although so many products are rejected.",
        more="They are listed as always. More of them are exit code 5.")
    min_products: int | None = _optional("Guards", "N", parsers.whole_number(0, 1_000_000_000),
        "Write nothing if the source has fewer valid products.",
        more="Reads all of them before the first write. 0 is no limit.")
    max_duration: float | None = _optional("Guards", "SECONDS", parsers.seconds,
        "Start nothing new after this time; requests in progress get 10 seconds more.",
        more="Default: no limit.")
    lock_dir: str | None = _optional("Guards", "FOLDER", parsers.path,
        "Folder of lock files and kept runs. Default: the state folder of the user.",
        more="Locks prevent concurrent runs.")

    batch_size: int = _option("Speed", "N", parsers.batch_size, str(parsers.BATCH_SIZE),
        "Products created per request; updates take up to eight times as many.", is_common=True)
    concurrency: int = _option("Speed", "N", parsers.whole_number(1, 16), "2",
        "Batches written at the same time.")
    max_retries: int = _option("Speed", "N", parsers.whole_number(0, 20), "2",
        "Retries of a failed request.")
    connect_timeout: float = _option("Speed", "SECONDS", parsers.seconds, "10",
        "Seconds to wait for a connection.")
    read_timeout: float = _option("Speed", "SECONDS", parsers.seconds, "60",
        "Seconds for a complete response, or for the next byte of a file.")

    loop: bool = _switch("Schedule", "Keep running, and sync at each time of the schedule.",
        more="SIGTERM ends the loop, SIGHUP reloads .env.", is_common=True)
    schedule: str = _option("Schedule", "CRON", parsers.schedule, "*/2 * * * *",
        "With --loop: a cron expression, or a name such as @hourly.",
        more="Five fields, or six with seconds first.", needs="loop", is_common=True)
    timezone: str | None = _optional("Schedule", "ZONE", parsers.timezone,
        "With --loop: zone of the schedule, such as Europe/Riga. Default: TZ, or the system's.",
        complete=complete_time_zones, needs="loop")
    max_runs: int | None = _optional("Schedule", "N", _COUNT,
        "With --loop: exit after N runs.", needs="loop")
    run_now: bool = _switch("Schedule", "With --loop: start with a run.",
        more="Without it, the first run starts at the first scheduled time.", needs="loop")
    job_name: str = _option("Schedule", "NAME", parsers.slug, "sync-products",
        "Name of the job in the log, report and metrics.",
        more="Set it if you configure several jobs.")

    json: bool = _switch("Output", "Print one JSON document instead of the table.", is_common=True)
    quiet: bool = _switch("Output", "Print only problems, conflicts and withheld values.",
        more="Warnings are not printed. --json still prints its document.", is_common=True)
    verbose: bool = _switch("Output", "Log requests and decisions, list all changes.", is_common=True)
    exit_code: bool = _switch("Output", "Exit with 7 if a dry run finds something to do.",
        more="It needs the credentials of the store.", is_common=True)
    report: str | None = _optional("Output", "FILE", parsers.report,
        "Write all changes and problems to a file: .json, .csv, .html or .md.",
        more="{started_at} in its name is the time of the run, {shard} its part.", is_common=True)
    keep_runs: int = _option("Output", "N", parsers.whole_number(0, 10_000), "50",
        "Runs that can be undone by --undo, for each store and source; 0 keeps none.",
        more="They are in `--lock-dir`, for their owner only. A run that writes nothing is not kept.")
    log_format: str = _option("Output", "text|json", parsers.choice("text", "json"), "text",
        "Format of the log on stderr.", more="Lines of text, or one JSON object per line.")
    metrics_file: str | None = _optional("Output", "FILE.prom", parsers.file_ending(".prom"),
        "Write metrics for the textfile collector of Prometheus.", more="The name must end in .prom.")
    metrics_push: str | None = _optional("Output", "URL", parsers.gateway,
        "Push metrics to a Prometheus Pushgateway.",
        more="The URL may contain a user and a password.")
    ping_url: str | None = _optional("Output", "URL", parsers.ping_url,
        "Ping a monitor such as healthchecks.io when a run starts and when it ends.", is_private=True)
    on_change: str | None = _optional("Output", "URL", parsers.webhook,
        "Post which products a run has written, for storefronts and search engines.", is_private=True)
    on_change_secret: Secret | None = _optional("Output", "", parsers.secret,
        "Secret that signs these requests.", is_secret=True)
    # fmt: on

    def of_plan(self) -> dict[str, str]:
        """The settings that decide what is written, as their flags take them."""
        values = {
            option.name: getattr(self, option.name) for option in PLANNED if option.name not in GUARDING
        }
        return {name: OPTIONS[name].text(value) for name, value in values.items() if value is not None}

    def authorization(self) -> str | None:
        """Return the Authorization header of requests to the source; None if it needs none."""
        given = self.source_authorization
        return basic_authorization(self.source) if given is None else given.reveal()

    def secrets(self) -> Iterator[str]:
        """Yield the texts that no output may show."""
        yield from (
            secret.reveal()
            for secret in (self.api_key, self.password, self.on_change_secret)
            if secret is not None
        )
        if (header := self.authorization()) is not None:
            yield from secrets_in_authorization(header)
        for url in (self.source, self.medusa_url, self.metrics_push or "", *proxies()):
            yield from secrets_in(url)
        for url in filter(None, (self.ping_url, self.on_change)):
            yield from secrets_in_ping_url(url)


# fmt: off
ENV_FILE = Option(name="env_file", group="Store", metavar="FILE", read=parsers.text,
    help="File of settings, a NAME=value in each line. Default: .env in the working directory.",
    is_common=True)
PRINT_SETTINGS = Option(name="print_settings", group="Output", read=parsers.switch, default="false",
    help="Show every setting and its origin, and exit.", is_common=True, is_command=True)
# fmt: on
OPTIONS: Mapping[str, Option] = {
    each.name: Option(name=each.name, **each.metadata) for each in fields(Settings)
}
"""The settings by name."""

GUARDING = frozenset(
    {
        *("source", "source_format", "source_map", "adjust", "product"),
        *("min_products", "max_changes", "max_removals", "max_rejected"),
    }
)
"""Options that decide what a plan has, but not how it is carried out."""

_DECIDING = {"Source", "What is written", "Guards"}
_ANY_TIME = {"source_name", "dry_run", "save_plan", "apply_plan", "max_duration", "lock_dir"}
_PLACING = {"sales_channel", "shipping_profile", "stock_location"}
PLANNED = tuple(
    each
    for name, each in OPTIONS.items()
    if name in _PLACING or (each.group in _DECIDING and name not in _ANY_TIME and not each.is_secret)
)
"""Options whose flags have no effect on a saved plan."""

UNDOING: Mapping[str, Any] = {
    "on_conflict": ConflictPolicy(OnConflict.STORE),  # what was edited since is kept
    "overwrite": False,
    "no_update": False,
    "remove_after": None,
    "max_price_change": None,
}
"""Settings of each undo, whose flags have no effect on it."""

ALL_OPTIONS = (*OPTIONS.values(), ENV_FILE, PRINT_SETTINGS)
