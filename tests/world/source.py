"""The catalogue of the source and its random changes."""

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from tests.harness.catalogue import product as generated
from tests.world.edits import SECOND_CHANNEL, SECOND_PROFILE
from tests.world.shop import HAS_TRANSLATIONS
from tests.world.variants import (
    Shirts,
    has_fixed_skus,
    says_backorders,
    shares_stock,
    some_prices,
    some_stock,
)
from tests.world.wanted import CUSTOMS, LOCALES, RARE, RARE_TEXTS, TEXTS, TEXTS_OF_VARIANTS, Product

# Some Medusa queries split values at commas, and read `null` as no value.
_TAGS = [*(f"tag {letter}" for letter in "abcdefgh"), "red, blue", "null"]
_CATEGORIES = ["shelf-one", "shelf-two", "shelf-three", "shelf-four", "red,blue", "null"]
_WORDS_OF_RARE = ["garden", "kitchen", "summer", "null"]
_CHANNELS = ["Default Sales Channel", SECOND_CHANNEL]
_PROFILES = ["Default Shipping Profile", SECOND_PROFILE]
_WORDS = ["Amber", "Birch", "Copper", "Dawn", "Elm", "Fern", "Glass", "Hazel", "Iris", "Jade", "Null"]


class Server(Protocol):
    """Delivers products to runs."""

    @property
    def products(self) -> list[Product]: ...

    @products.setter
    def products(self, products: list[Product]) -> None: ...


class Source:
    """The products that the source has, and those that it may have again later."""

    def __init__(self, server: Server, dice: random.Random) -> None:
        self._server = server
        self._shirts = Shirts(dice)
        self._dropped: dict[int, Product] = {}
        self._said: set[int] = set()  # those that it says are deleted
        self._earlier: list[tuple[int, dict[str, Any]]] = []
        self._swapped: list[list[tuple[int, str]]] = []
        self.products: dict[int, Product] = {}

    @property
    def dice(self) -> random.Random:
        return self._shirts.dice

    @dice.setter
    def dice(self, dice: random.Random) -> None:
        self._shirts.dice = dice

    def add_numbers(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            product = generated(number)
            product |= {name: new(self.dice, product) for name, new in _NEW.items() if name != "meta"}
            if number % 2 == 0:
                del product["salesChannels"]
            if number % 3 or not HAS_TRANSLATIONS:
                del product["translations"]
            if number % 5 == 0:
                del product["sku"], product["meta"]
            if number % 5 != 3:
                del product["status"]
            if number % 7 != 2:
                del product["shippingProfile"]
            if number % 6 != 5:
                del product["discountable"]
            if not says_backorders(number):
                del product["allowBackorder"]
            self._shirts.make(product)
            self.products[number] = product
        self.publish()

    def change(self, count: int) -> None:
        """Make this number of changes."""
        kinds: dict[Callable[[], None], int] = {
            self._edit: 10,
            self._revert: 5,
            self.change_variants: 10,
            self.hand_on_skus: 2,
            self.drop: 1,
            self.bring_back: 1,
        }
        for kind in self.dice.choices(list(kinds), list(kinds.values()), k=count):
            kind()
        self.publish()

    def settle(self) -> None:
        """The store has everything."""
        self._shirts.moved.clear()

    def change_everywhere(self) -> None:
        """Change one field of every product, and of every variant."""
        name = self.dice.choice(["price", "stock", "title", "tags", "images"])
        for number, product in self.products.items():
            self._set(number, name)
            self._shirts.change_all(product, name)
        self.publish()

    def change_variants(self) -> None:
        having = [each for each in self.products.values() if "variants" in each or "_main" in each]
        if having:
            self._shirts.change(self.dice.choice(having))

    def change_rare_fields(self) -> None:
        """Name, change or no longer name fields of a product, or of a variant, that few have."""
        if not self.products:
            return
        product = self.dice.choice(list(self.products.values()))
        owner = self.dice.choice([product, product, *product.get("variants", ())])
        names = [*(RARE if owner is product else CUSTOMS).values()]
        for name in self.dice.sample(names, self.dice.randint(1, 3)):
            self._name_or_not(owner, name)
        if HAS_TRANSLATIONS and (owner is not product or "translations" in product):
            known, locale = owner.get("translations", {}), self.dice.choice(LOCALES)
            texts = dict(known.get(locale, {}))
            self._name_or_not(texts, self.dice.choice(RARE_TEXTS if owner is product else TEXTS_OF_VARIANTS))
            owner["translations"] = known | {locale: texts}
        self.publish()

    def _name_or_not(self, owner: dict[str, Any], name: str) -> None:
        if self.dice.random() < 0.25:
            owner.pop(name, None)
        else:
            owner[name] = self.dice.choice(_WORDS_OF_RARE)

    def share_stock(self) -> bool:
        """Change which variants of a product share its stock; returns whether there is such a product."""
        having = [each for number, each in self.products.items() if shares_stock(number)]
        if having:
            self._shirts.share(self.dice.choice(having))
            self.publish()
        return bool(having)

    def revert_everywhere(self) -> None:
        """Undo the last change of all products."""
        for _ in range(len(self.products)):
            self._revert()
        self.publish()

    def _edit(self) -> None:
        name = self.dice.choices(list(_NEW), [_WEIGHTS.get(name, 1) for name in _NEW])[0]
        number = self.dice.choice(list(self.products))
        if name != "sku" or not has_fixed_skus(number):
            self._set(number, name)

    def _set(self, number: int, name: str) -> None:
        product = self.products[number]
        if name in product:
            self._earlier.append((number, {name: product[name]}))
            product[name] = _NEW[name](self.dice, product)

    def _revert(self) -> None:
        """Undo the last change of a product, except SKU and barcode, which another product may have now."""
        if self._earlier:
            number, was = self._earlier.pop()
            product = self.products.get(number, {})
            if was.keys() <= product.keys() - {"sku", "meta"}:
                product |= was

    def hand_on_skus(self) -> None:
        """Rotate SKUs and barcodes among two or three variants; sometimes rotate them back."""
        holders = self._holders()
        if len(holders) < 2:
            return
        if self._swapped and self.dice.random() < 0.3:
            ring = self._swapped.pop()[::-1]
        else:
            numbers = self.dice.choices([number for number, _ in holders], k=self.dice.choice([2, 3]))
            of_each = [[each for each in holders if each[0] == number] for number in numbers]
            ring = list(dict.fromkeys(map(self.dice.choice, of_each)))
            self._swapped.append(ring)
        if len(ring) > 1 and all(each in holders for each in ring):
            codes = [_codes(holders[each]) for each in ring]
            for each, (sku, barcode) in zip(ring, [*codes[1:], codes[0]], strict=True):
                _give_codes(holders[each], sku, barcode)
            self._shirts.moved |= set(ring)

    def repeat_a_code(self) -> None:
        """Give a variant the SKU or the barcode of one of another product, which keeps it."""
        holders = self._holders()
        numbers = sorted({number for number, _ in holders})
        if len(numbers) > 1:
            chosen = self.dice.sample(numbers, 2)
            one, two = (self.dice.choice([each for each in holders if each[0] == own]) for own in chosen)
            theirs, own = _codes(holders[one]), _codes(holders[two])
            sku, barcode = self.dice.choice([(theirs[0], own[1]), (own[0], theirs[1])])
            _give_codes(holders[two], sku, barcode)
            if "ean" in holders[one] and "ean" in holders[two]:
                holders[two]["ean"] = holders[one]["ean"]
            self._shirts.moved |= {one, two}

    def borrow_a_code(self, other: Self) -> Callable[[], None]:
        """Give a variant the SKU of one of another source, which keeps it; returns what takes it back."""
        holders, theirs = self._holders(), other._holders()
        if not holders or not theirs:
            return lambda: None
        chosen = self.dice.choice(sorted(holders))
        own = holders[chosen]
        self._shirts.moved.add(chosen)
        sku, barcode = _codes(own)
        _give_codes(own, _codes(theirs[self.dice.choice(sorted(theirs))])[0], barcode)
        self.publish()

        def take_back() -> None:
            _give_codes(own, sku, barcode)
            self.publish()

        return take_back

    def _holders(self) -> dict[tuple[int, str], Product]:
        """The products without variants, and the variants, that may get other SKUs."""
        found = {}
        for number, product in self.products.items():
            for each in product.get("variants", [product]):
                if "sku" in each and not has_fixed_skus(number):
                    found[number, each.get("_key", "")] = each
        return found

    def drop(self) -> None:
        """Drop a product; a draft keeps its SKU, so none that another product gets in the same run."""
        droppable = sorted(self.products.keys() - {number for number, _ in self._shirts.moved})
        if len(droppable) > 1:
            number = self.dice.choice(droppable)
            self._dropped[number] = self.products.pop(number)

    def say_deleted(self) -> None:
        """Say of a product that was dropped, or is now, that it is deleted."""
        self.drop()
        if self._dropped:
            self._said.add(self.dice.choice(list(self._dropped)))

    @property
    def deleted(self) -> list[int]:
        return sorted(self._said & self._dropped.keys())

    def bring_back(self) -> None:
        if self._dropped:
            number = self.dice.choice(list(self._dropped))
            self.products[number] = self._dropped.pop(number)

    def publish(self) -> None:
        self._server.products = list(self.products.values())


def _codes(holder: Product) -> tuple[str, str]:
    """The SKU and the barcode of a variant, or of a product without variants."""
    return holder["sku"], holder["meta"]["barcode"] if "meta" in holder else holder["barcode"]


def _give_codes(holder: Product, sku: str, barcode: str) -> None:
    own = {"meta": {**holder["meta"], "barcode": barcode}} if "meta" in holder else {"barcode": barcode}
    holder |= {"sku": sku, **own}


def _title(dice: random.Random, _: Product) -> str:
    """A title from few words, so that products share titles."""
    return " ".join(dice.sample(_WORDS, dice.choice([1, 2, 2, 3])))


def _sku(dice: random.Random, product: Product) -> str:
    return f"SKU-{product['id']}-{dice.randrange(10**6)}"


def _picture(product: Product, name: str) -> str:
    """The URL of an image: every second product has long ones, of which records keep digests."""
    folder = "pictures/of/the/catalogue/" if product["id"] % 2 else ""
    return f"https://i.example/{folder}{product['id']}/{name}.png"


def _images(dice: random.Random, product: Product) -> list[str]:
    """Others, or the same in another order."""
    new = [_picture(product, str(n)) for n in dice.sample(range(8), dice.randint(1, 4))]
    known = [each for each in product.get("images", ()) if each.startswith("https://i.example/")]
    return new if new[1:] or not known[1:] else [*known[1:], known[0]]


def _texts(dice: random.Random, _: Product) -> dict[str, dict[str, str]]:
    return {
        locale: {name: f"{name} in {locale} {dice.randrange(10**6)}" for name in TEXTS if dice.random() < 0.7}
        for locale in dice.sample(LOCALES, dice.randint(0, 2))
    }


_NEW: dict[str, Callable[[random.Random, Product], Any]] = {
    "price": lambda dice, _: dice.randrange(100, 99999) / 100,
    "stock": lambda dice, _: some_stock(dice),
    "prices": lambda dice, _: some_prices(dice),
    "title": _title,
    "description": lambda dice, _: f"Text of the source, {dice.randrange(10**6)}. " * dice.choice([1, 9]),
    "tags": lambda dice, _: dice.sample(_TAGS, dice.randint(1, 4)),
    "images": _images,
    "salesChannels": lambda dice, _: dice.sample(_CHANNELS, dice.randint(1, 2)),
    "shippingProfile": lambda dice, _: dice.choice(_PROFILES),
    "discountable": lambda dice, _: dice.random() < 0.5,
    "category": lambda dice, _: dice.choice(_CATEGORIES),
    "translations": _texts,
    "brand": lambda dice, _: f"Brand {dice.randrange(100)}",
    "rating": lambda dice, _: dice.randrange(100, 500) / 100,
    "weight": lambda dice, _: dice.randrange(1, 100),
    "allowBackorder": lambda dice, _: dice.random() < 0.5,
    "status": lambda dice, _: dice.choice(["published", "published", "draft"]),
    "thumbnail": lambda dice, product: _picture(product, f"thumb{dice.randrange(9)}"),
    "sku": _sku,
    "meta": lambda dice, product: {**product["meta"], "barcode": f"{dice.randrange(10**12):013d}"},
}
_WEIGHTS = {"price": 6, "prices": 3, "stock": 4, "title": 3, "tags": 3, "images": 2}
