"""Values for every setting, and how a test reads and writes them."""

from pathlib import Path
from typing import Any, Final

from medusa_sync.settings.option import Option
from medusa_sync.settings.options import OPTIONS, Settings
from medusa_sync.settings.secrets import Secret

# By metavar: three valid values and an invalid one.
EXAMPLES: Final = {
    "": (("one", "two", "three"), " "),
    "TEXT": (("one", "two", "three"), " "),
    "NAME": (("one", "two", "three"), "Toys & Games"),
    "NAME|ID": (("One", "Two", "Three"), " "),
    "FILE|NAME": (("one.jq", "fakestore", "three.jq"), " "),
    "FILE": (("one.json", "two.csv", "three.html"), "four.txt"),
    "last|list|RUN|FILE.json": (("last", "0c4b81f7", "three.json"), "four.txt"),
    "PLAN": (("one.ndjson", "two", "three"), " "),
    "PLAN|-": (("one.ndjson", "-", "three"), " "),
    "FILE.jq|PROGRAM": (("one.jq", ".price *= 2", "three.jq"), " "),
    "FORMAT": (("json", "auto", "xml"), "yaml"),
    "FILE.prom": (("one.prom", "two.prom", "three.prom"), "four.txt"),
    "FOLDER": (("one", "two", "three"), " "),
    "URL": (("http://one.example", "http://two.example", "http://three.example"), "store.example"),
    "URL|FILE|-|sample": (("one.json", "https://two.example/products", "three.json"), "ftp://one.example"),
    "CODE": (("eur", "gbp", "jpy"), "dollars"),
    "FIELDS": (("price", "price,stock", "metadata.brand, tags"), "cost"),
    "SIDES": (("source", "store", "source,title=store"), "source,title"),
    "public|HOSTS": (("public", "a.example", "public,b.lan"), "https://a.example"),
    "ID": (("1", "A-1", "A 2"), " "),
    "N": (("1", "2", "3"), "many"),
    "N|auto": (("1", "auto", "3"), "many"),
    "K/N": (("1/1", "3/8", "1000/1000"), "9/8"),
    "N%|none": (("0%", "none", "250.5%"), "50"),
    "N|N%": (("1", "20%", "3"), "101%"),
    "CRON": (("0 4 * * *", "@hourly", "*/10 * * * * *"), "0 25 * * *"),
    "ZONE": (("UTC", "Europe/Riga", "Asia/Tokyo"), "Mars/Phobos"),
    "SECONDS": (("1", "2.5", "3"), "0"),
    "DURATION": (("90", "12h", "7d"), "0d"),
}


def _examples(option: Option) -> tuple[tuple[str, ...], str]:
    if option.is_switch:
        return ("true", "false", "true"), "perhaps"
    if option.name == "skip":  # not what `only` has
        return ("tags", "tags,images", "metadata.rating"), "cost"
    choices = option.metavar.split("|")
    return EXAMPLES.get(option.metavar) or ((*choices, *choices)[:3], "neither")


VALUES: Final = {name: _examples(option)[0] for name, option in OPTIONS.items()}
INVALID: Final = {name: _examples(option)[1] for name, option in OPTIONS.items()}
KEY: Final = {"MEDUSA_API_KEY": "sk_key"}
LOGIN: Final = {"MEDUSA_EMAIL": "me@example.com", "MEDUSA_PASSWORD": "hush"}


def plain(settings: Settings, name: str) -> Any:
    """Return a setting in comparable form."""
    value = getattr(settings, name)
    return value.reveal() if isinstance(value, Secret) else value


def as_read(name: str, text: str) -> Any:
    value = OPTIONS[name].read(text)
    return value.reveal() if isinstance(value, Secret) else value


def write_env(directory: Path, **variables: str) -> None:
    lines = (f"{variable}='{text}'\n" for variable, text in variables.items())
    (directory / ".env").write_text("".join(lines), encoding="utf-8")
