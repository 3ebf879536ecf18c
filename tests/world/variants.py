"""Products of the source with options and variants, and their random changes."""

import random
from collections.abc import Callable
from typing import Any

from tests.world.wanted import DEFAULT_LOCATION, OTHER_PRICES, SECOND_LOCATION, Product

_SIZES, _COLOURS = ("S", "M", "L"), ("Red", "Blue")
_MANY = 33  # the number of the product with many variants
_MANY_SIZES = 53  # times two colours: more than a product is created with, and more than an update lists


def has_variants(number: int) -> bool:
    """Whether a product has variants, at least at times."""
    return number % 3 != 2


def has_fixed_skus(number: int) -> bool:
    """Whether its variants are recognized by their SKUs, so that neither side changes these."""
    return _switches(number) or (has_variants(number) and number % 4 == 0 and number % 5 != 0)


def _switches(number: int) -> bool:
    """Whether the product has variants only at times."""
    return number % 6 == 1


def says_backorders(number: int) -> bool:
    """Whether the source says if its variants can be bought without stock."""
    return number % 4 == 1


def shares_stock(number: int) -> bool:
    """Whether its variants share the stock of the product, but for those that have their own at times."""
    return number % 36 == 9


class Shirts:
    """Makes products with variants, and changes them."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.moved: set[tuple[int, str]] = set()  # with a SKU or values that the store may not have yet
        self._count = 0
        self._kinds: dict[Callable[[Product], None], int] = {
            self.edit: 10,
            self.undo: 4,
            self.change_sku: 2,
            self.change_value: 2,
            self.rename_value: 1,
            self.undo_value: 1,
            self.exchange_values: 1,
            self.rename_option: 1,
            self.add_option: 1,
            self.add: 2,
            self.drop: 2,
            self.bring_back: 2,
            self.switch: 2,
            self.renumber: 1,
            self.move: 1,
            self.share: 3,
        }

    def make(self, product: Product) -> None:
        """Give a new product options and variants."""
        number: int = product["id"]
        if not has_variants(number):
            return
        sizes = _SIZES if number != _MANY else [f"size {each}" for each in range(_MANY_SIZES)]
        is_small = _switches(number) or number % 6 == 4
        product["options"] = ["Size"] if is_small else ["Size", "Colour"]
        product["variants"] = []
        product["_dropped"] = []
        for size in sizes:
            for colour in ("",) if is_small else _COLOURS:
                values = {"Size": size, "Colour": colour}
                self._append(product, {name: values[name] for name in product["options"]})
        for name in ("sku", "meta", "stock", "prices", "allowBackorder"):
            product.pop(name, None)
        if shares_stock(number):
            product["stock"] = some_stock(self.dice)
            for each in product["variants"]:
                each.pop("stock", None)

    def change(self, product: Product) -> None:
        kind = self.dice.choices(list(self._kinds), list(self._kinds.values()))[0]
        if "variants" in product or kind == self.switch:
            kind(product)

    def change_all(self, product: Product, name: str) -> None:
        """Set one field of all variants."""
        for each in product.get("variants", ()):
            self._set(each, name)

    # --- kinds of changes -----------------------------------------------------------------------------

    def edit(self, product: Product) -> None:
        variant = self._any(product)
        names = ["price", "price", "stock", "title", "barcode", "weight", "prices", "compareAtPrice"]
        names += ["ean"] * ("ean" in variant)
        names += ["allowBackorder"] * says_backorders(product["id"])
        self._set(variant, self.dice.choice(names))

    def undo(self, product: Product) -> None:
        """Undo the last edit of a variant."""
        variant = self._any(product)
        if variant["_earlier"]:
            _put(variant, *variant["_earlier"].pop())

    def change_sku(self, product: Product) -> None:
        variant = self._any(product)
        if "sku" in variant and not has_fixed_skus(product["id"]):
            variant["sku"] = f"V-{variant['_key']}-{self._fresh()}"

    def change_value(self, product: Product) -> None:
        """Give a variant a new value."""
        variant, name = self._any(product), self.dice.choice(product["options"])
        variant["options"] = variant["options"] | {name: self._value()}

    def rename_value(self, product: Product) -> None:
        """Give all variants that have a value another one."""
        name = self.dice.choice(product["options"])
        old, new = self._any(product)["options"][name], self._value()
        _replace(product, name, old, new)
        product["_renamed"] = (product["options"].index(name), old, new)

    def undo_value(self, product: Product) -> None:
        """Undo the renaming of a value, unless a dropped variant may have the old one."""
        if (renamed := product.pop("_renamed", None)) and not product["_dropped"]:
            index, old, new = renamed
            before = [dict(each["options"]) for each in product["variants"]]
            _replace(product, product["options"][index], new, old)
            values = [tuple(each["options"].values()) for each in product["variants"]]
            if len(set(values)) < len(values):
                for each, options in zip(product["variants"], before, strict=True):
                    each["options"] = options

    def exchange_values(self, product: Product) -> None:
        """Exchange the values of two variants."""
        if len(product["variants"]) > 1:
            product.pop("_renamed", None)
            one, two = self.dice.sample(product["variants"], 2)
            one["options"], two["options"] = two["options"], one["options"]
            self.moved |= {(product["id"], each["_key"]) for each in (one, two)}

    def rename_option(self, product: Product) -> None:
        old = self.dice.choice(product["options"])
        new = f"{old.split()[0]} {self._fresh()}"
        product["options"] = [new if name == old else name for name in product["options"]]
        for each in [*product["variants"], *product["_dropped"]]:
            each["options"] = {new if name == old else name: it for name, it in each["options"].items()}

    def add_option(self, product: Product) -> None:
        if len(product["options"]) == 2:
            product["options"] = [*product["options"], "Fit"]
            for each in [*product["variants"], *product["_dropped"]]:
                each["options"] = {**each["options"], "Fit": self.dice.choice(["Slim", "Wide"])}

    def add(self, product: Product) -> None:
        if len(product["variants"]) < 9:
            first, *_ = product["options"]
            self._append(product, self._any(product)["options"] | {first: self._value()})

    def drop(self, product: Product) -> None:
        """Drop a variant that is not the first; a kept one keeps its SKU and values, so none that moved."""
        kept = {key for number, key in self.moved if number == product["id"]}
        droppable = [each for each in product["variants"][1:] if each["_key"] not in kept]
        if droppable:
            self._move(product, self.dice.choice(droppable), "variants", "_dropped")

    def bring_back(self, product: Product) -> None:
        if product["_dropped"]:
            self._move(product, self.dice.choice(product["_dropped"]), "_dropped", "variants")

    def _move(self, product: Product, variant: Product, origin: str, to: str) -> None:
        product[origin].remove(variant)
        product[to].append(variant)

    def switch(self, product: Product) -> None:
        """Take all variants from a product except the first, or give them back."""
        if not _switches(product["id"]):
            return
        if "variants" in product:
            product["_options"], product["_variants"] = product.pop("options"), product.pop("variants")
            main = product["_variants"][0]
            meta = {"meta": {"barcode": main["barcode"]}} if "barcode" in main else {}
            names = ("sku", "price", "stock", "prices", "allowBackorder")
            product |= {name: main[name] for name in names if name in main} | meta
            product["_main"] = main["_key"]
        else:
            product["options"], product["variants"] = product.pop("_options"), product.pop("_variants")
            main = product["variants"][0]
            main |= {name: product[name] for name in ("price", "stock", "allowBackorder") if name in product}
            for name in ("_main", "sku", "meta", "stock", "prices", "allowBackorder"):
                product.pop(name, None)

    def share(self, product: Product) -> None:
        """Give some variants their own stock, or let them share that of the product."""
        if not shares_stock(product["id"]):
            return
        for each in self.dice.sample(product["variants"], self.dice.randint(1, len(product["variants"]))):
            if "stock" in each:
                del each["stock"]
            else:
                each["stock"] = some_stock(self.dice)

    def renumber(self, product: Product) -> None:
        """Give all variants other ids; they are recognized by their SKUs."""
        if has_fixed_skus(product["id"]) and not product["_dropped"]:
            for each in product["variants"]:
                if "id" in each:
                    each["id"] = f"{each['_key']}, {self._fresh()}"

    def move(self, product: Product) -> None:
        """Put the last variant before another one; the first stays so."""
        if len(product["variants"]) < 3:
            return
        last = product["variants"].pop()
        product["variants"].insert(self.dice.randint(1, len(product["variants"]) - 1), last)

    # --- parts ----------------------------------------------------------------------------------------

    def _append(self, product: Product, values: dict[str, str]) -> None:
        number, fresh = product["id"], self._fresh()
        key = f"{number}:{fresh}"
        variant: Product = {
            "_key": key,
            "_earlier": [],
            "id": number * 1000 + fresh if number % 2 else key,
            "sku": f"V-{key}",
            "barcode": f"{number:04}{fresh:06}",
            "price": self.dice.randrange(100, 99999) / 100,
            "stock": some_stock(self.dice),
            "options": values,
        }
        if number % 5 == 0 and not has_fixed_skus(number):
            del variant["sku"], variant["barcode"]
        if number % 4 == 3 and "barcode" in variant:
            variant["ean"] = f"5{variant['barcode']}"
        if number % 8 == 0 and "sku" in variant:
            del variant["id"]
        if fresh % 7 == 3:
            del variant["stock"]
        if says_backorders(number):
            variant["allowBackorder"] = fresh % 3 == 1
        if fresh % 3 == 0:
            variant["prices"] = some_prices(self.dice)
        product["variants"].append(variant)

    def _any(self, product: Product) -> Product:
        variant: Product = self.dice.choice(product["variants"])
        return variant

    def _set(self, variant: Product, name: str) -> None:
        dice = self.dice
        if name in {"stock", "barcode"} and name not in variant:
            return
        new: dict[str, Callable[[], Any]] = {
            "price": lambda: dice.randrange(100, 99999) / 100,
            "stock": lambda: some_stock(dice),
            "title": lambda: dice.choice([None, f"Title of the source {dice.randrange(100)}"]),
            "barcode": lambda: f"{dice.randrange(10**12):013d}",
            "ean": lambda: f"5{dice.randrange(30):013d}",  # several may want the same one
            "weight": lambda: dice.choice([None, dice.randrange(1, 100)]),
            "allowBackorder": lambda: dice.random() < 0.5,
            "prices": lambda: dice.choice([None, some_prices(dice)]),
            "compareAtPrice": lambda: dice.choice([None, dice.randrange(100, 99999) / 100]),
        }
        if name in new:
            if name not in {"barcode", "ean"}:
                variant["_earlier"].append((name, variant.get(name)))
            _put(variant, name, new[name]())

    def _value(self) -> str:
        return f"Value {self._fresh()}"

    def _fresh(self) -> int:
        self._count += 1
        return self._count


def _replace(product: Product, name: str, old: str, new: str) -> None:
    for each in product["variants"]:
        if each["options"][name] == old:
            each["options"] = each["options"] | {name: new}


def some_stock(dice: random.Random) -> int | dict[str, int]:
    """A number, or the same by the name of the location, or with one for a second location."""
    here, second = dice.randrange(200), {SECOND_LOCATION: dice.randrange(200)}
    found: list[int | dict[str, int]] = [here, here, {DEFAULT_LOCATION: here}, {"": here, **second}]
    return dice.choice(found)


def some_prices(dice: random.Random) -> dict[str, float]:
    """Prices for another currency, a region or a quantity, or some of these, or none."""
    chosen = dice.sample(OTHER_PRICES, dice.randint(0, 3))
    return {name.removeprefix("price."): dice.randrange(100, 99999) / 100 for name in chosen}


def _put(variant: Product, name: str, value: Any) -> None:
    if value is None:
        variant.pop(name, None)
    else:
        variant[name] = value
