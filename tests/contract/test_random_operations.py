"""Random operations have the same result on the fake and the real store."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from tests.contract.shop import LEVELS, Shop, View, item_of, variant_of
from tests.contract.side import Side
from tests.tiers import sampled

TAGS = ("blue", "Blue", "green")
CATEGORIES = ("shoes", "hats")
TYPES = ("shirt", "shoe")
COLLECTIONS = ("summer", "winter")
OPERATIONS = 60

Plan = dict[str, Any]
"""An operation without ids of a store: external ids, handles, values, positions."""


class Catalogue(Side):
    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._tags = {value: shop.tag(value)["id"] for value in TAGS}
        self._categories = {handle: shop.category(handle)["id"] for handle in CATEGORIES}
        self._groups = {
            **{("type_id", value): shop.type(value)["id"] for value in TYPES},
            **{("collection_id", title): shop.collection(title)["id"] for title in COLLECTIONS},
        }
        second = shop.call("POST", "/admin/stock-locations", {"name": "Second"})["stock_location"]["id"]
        self._locations = [shop.location_id, second]

    def do(self, plan: Plan) -> tuple[int, str, str]:
        return self.send(*self._request(plan))

    def _request(self, plan: Plan) -> tuple[str, str, Any]:
        product = self.views.get(plan.get("product", ""), {})
        path = f"/admin/products/{product.get('id')}"
        match plan["do"]:
            case "batch":
                body = {
                    "create": [self._new(entry) for entry in plan["create"]],
                    "update": [self._changed(entry) for entry in plan["update"]],
                    "delete": [self.views[external_id]["id"] for external_id in plan["delete"]],
                }
                return "POST", "/admin/products/batch", body
            case "edit":
                return "POST", path, self._taxonomy(plan["fields"], product)
            case "delete":
                return "DELETE", path, None
            case "add value":
                added = {"product_option_id": product["options"][0]["id"], "add": [{"value": "Two"}]}
                return "POST", f"{path}/options/batch", {"update": [added]}
            case "add variant":
                return "POST", f"{path}/variants", plan["variant"]
            case "edit variant":
                body = self._variant(product, plan["variant"])
                return "POST", f"{path}/variants/{body.pop('id')}", body
            case "levels":
                return "POST", LEVELS, {kind: self._levels(plan[kind]) for kind in ("create", "update")}
        raise ValueError(plan)

    def _new(self, entry: Plan) -> View:
        return self._taxonomy(self.shop.body(entry["number"], **entry["fields"]), {})

    def _changed(self, entry: Plan) -> View:
        product = self.views[entry["product"]]
        variants = [self._variant(product, variant) for variant in entry["variants"]]
        changes = self._taxonomy(entry["fields"], product)
        return {"id": product["id"], **changes, **({"variants": variants} if variants else {})}

    def _taxonomy(self, fields: View, product: View) -> View:
        ids: dict[str, Callable[[Any], View]] = {
            "tags": lambda value: {"id": self._tags[value]},
            "categories": lambda handle: {"id": self._categories[handle]},
            "images": lambda image: (
                {"id": product["images"][image]["id"], "url": f"moved-{image}"}
                if isinstance(image, int)
                else {"url": image}
            ),
        }
        known: View = {
            name: [ids[name](entry) for entry in value]
            if name in ids and any(not isinstance(entry, dict) for entry in value)
            else value
            for name, value in fields.items()
        }
        groups = {name: value for name, value in known.items() if name in {"type_id", "collection_id"}}
        return known | {name: value and self._groups[name, value] for name, value in groups.items()}

    def _variant(self, product: View, plan: Plan) -> View:
        variant = variant_of(product, plan["title"])
        body = {"id": variant["id"], **plan["fields"]}
        if "prices" in plan:
            stored = natural_prices(variant)
            body["prices"] = [
                {name: stored[price["at"]][name] for name in price["names"]} | price["fields"]
                if "at" in price
                else price["fields"]
                for price in plan["prices"]
            ]
        return body

    def _levels(self, entries: Sequence[Plan]) -> list[View]:
        return [
            self.shop.level(
                item_of(self.views[entry["product"]], entry["title"]),
                entry["quantity"],
                self._locations[entry["location"]],
            )
            for entry in entries
        ]


def natural_prices(variant: View) -> list[View]:
    """In the same order for both stores."""

    def key(price: View) -> str:
        return str(
            [price[name] for name in ("currency_code", "min_quantity", "max_quantity", "rules", "amount")]
        )

    return sorted(variant["prices"], key=key)


class Planner:
    """Draws random operations on the stored products, given as natural views."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._number = 0
        self._seen: dict[str, View] = {}

    def plan(self, seen: dict[str, View]) -> Plan:
        self._seen = seen
        draws: list[Callable[[], Plan]] = [self._create] * 3
        if seen:
            draws += [self._update] * 6 + [self._mixed] * 2 + [self._delete, self._edit, self._second]
        if any(self._stocked(external_id) for external_id in seen):
            draws += [self._levels] * 2
        if any(view["variants"] for view in seen.values()):
            draws += [self._edit_variant] * 2
        return self._random.choice(draws)()

    # --- operations ---

    def _create(self) -> Plan:
        entries = [self._new() for _ in range(self._random.randint(1, 3))]
        if self._seen and self._sometimes():
            entries[-1]["fields"].update(self._conflict())
        return {"do": "batch", "create": entries, "update": [], "delete": []}

    def _update(self) -> Plan:
        chosen = self._random.sample(sorted(self._seen), self._random.randint(1, min(3, len(self._seen))))
        # When one product gives up a SKU and another takes it, the result depends on the database.
        skus = len(chosen) == 1
        entries = [self._change(external_id, skus=skus) for external_id in chosen]
        return {"do": "batch", "create": [], "update": entries, "delete": []}

    def _mixed(self) -> Plan:
        plan = {**self._update(), "create": [self._new()]}
        if self._sometimes():  # refused before any update could be
            plan["create"][0]["fields"]["handle"] = self._seen[self._pick(self._seen)]["handle"]
        return plan

    def _delete(self) -> Plan:
        product = self._pick(self._seen)
        if self._sometimes():
            return {"do": "batch", "create": [], "update": [], "delete": [product]}
        return {"do": "delete", "product": product}

    def _edit(self) -> Plan:
        product = self._pick(self._seen)
        return {"do": "edit", "product": product, "fields": self._fields(self._seen[product])}

    def _second(self) -> Plan:
        product = self._pick(self._seen)
        if self._seen[product]["options"][0][1] == ["Default"]:
            return {"do": "add value", "product": product}
        variant = {
            "title": "Two",
            "options": {"Default": "Two"},
            "sku": f"{product}-two",
            "prices": [self._price() for _ in range(2)],
        }
        return {"do": "add variant", "product": product, "variant": variant}

    def _edit_variant(self) -> Plan:
        product = self._pick([key for key, view in self._seen.items() if view["variants"]])
        title = self._pick([variant["title"] for variant in self._seen[product]["variants"]])
        return {"do": "edit variant", "product": product, "variant": self._variant(product, title, skus=True)}

    def _levels(self) -> Plan:
        entries = [
            {
                "product": product,
                "title": title,
                "quantity": self._random.randint(0, 9),
                "location": self._random.randint(0, 1),
            }
            for product in self._seen
            for title in self._stocked(product)
            if self._sometimes()
        ]
        # Which of two refusals in one call is returned depends on timing, so only one kind is sent.
        kind, other = self._random.sample(["create", "update"], 2)
        return {"do": "levels", kind: entries, other: []}

    # --- their parts ---

    def _new(self) -> Plan:
        self._number += 1
        fields = self._fields({"images": []})
        fields["variant"] = {
            "manage_inventory": self._sometimes(),
            "prices": [self._price() for _ in range(self._random.randint(0, 3))],
        }
        return {"number": self._number, "fields": fields}

    def _conflict(self) -> View:
        """A unique value of another product."""
        other = self._seen[self._pick(self._seen)]
        skus = [variant["sku"] for variant in other["variants"] if variant["sku"]]
        variants = ({"variant": {"sku": sku, "manage_inventory": False}} for sku in skus)
        conflict: View = self._pick([{"handle": other["handle"]}, *variants])
        return conflict

    def _change(self, product: str, *, skus: bool) -> Plan:
        titles = [variant["title"] for variant in self._seen[product]["variants"]]
        variants = [self._variant(product, title, skus=skus) for title in titles] if self._sometimes() else []
        if len(variants) == 2 and self._random.random() < 0.1:
            variants.pop()
        return {"product": product, "fields": self._fields(self._seen[product]), "variants": variants}

    def _fields(self, product: View) -> View:
        drawn: View = {
            "title": f"Title {self._random.randint(1, 9)}",
            "description": self._pick([None, "", "Fine"]),
            "status": self._pick(["draft", "published"]),
            "weight": self._pick([1, 1.5, 0.1, 123456.789]),
            "thumbnail": self._pick([None, "thumbnail"]),
            "metadata": self._pick([{"a": 1}, {"a": ""}, {"b": {"c": 2}}, {"b": 3, "d": ""}, {"e": None}]),
            "tags": self._random.sample(TAGS, self._random.randint(0, 3)),
            "categories": self._random.sample(CATEGORIES, self._random.randint(0, 2)),
            "type_id": self._pick([None, *TYPES]),
            "collection_id": self._pick([None, *COLLECTIONS]),
            "images": self._images(len(product["images"])),
        }
        return {name: value for name, value in drawn.items() if self._sometimes()}

    def _images(self, stored: int) -> list[int | str]:
        """Positions of images to keep, URLs of new ones."""
        kept: list[int | str] = list(self._random.sample(range(stored), self._random.randint(0, stored)))
        return [*kept, *(f"image-{self._random.randint(1, 9)}" for _ in range(self._random.randint(0, 2)))]

    def _variant(self, product: str, title: str, *, skus: bool) -> Plan:
        stored = next(variant for variant in self._seen[product]["variants"] if variant["title"] == title)
        fields: View = {}
        if skus and self._sometimes():
            self._number += 1
            fields["sku"] = self._pick([None, f"new-{self._number}", *self._skus()])
        if self._sometimes():
            fields["manage_inventory"] = self._sometimes()
        if self._random.random() < 0.2:
            fields["metadata"] = self._pick([{"a": 1}, {"b": 2}, {}, None])
        plan: Plan = {"title": title, "fields": fields}
        if self._sometimes():
            plan["prices"] = self._prices(len(stored["prices"]))
        return plan

    def _skus(self) -> list[str]:
        return [
            variant["sku"] for view in self._seen.values() for variant in view["variants"] if variant["sku"]
        ][:1]

    def _prices(self, stored: int) -> list[Plan]:
        names = ["id", "currency_code", "min_quantity", "max_quantity", "rules"]
        styles = [names, names, names, [*names, "amount"], ["id", "currency_code"], ["id"]]
        kept = [
            {
                "at": position,
                "names": self._pick(styles),
                "fields": {"amount": self._random.randint(1, 99)} if self._sometimes() else {},
            }
            for position in range(stored)
            if self._random.random() < 0.8
        ]
        new = [{"fields": self._price()} for _ in range(self._random.randint(0, 2))]
        return [*kept, *new]

    def _price(self) -> View:
        price: View = {
            "currency_code": self._pick(["usd", "eur", "USD"]),
            "amount": self._pick([9.99, 10, 0, 123_456.78]),
        }
        if self._random.random() < 0.3:
            price["min_quantity"] = self._pick([1, 5, None])
        if self._random.random() < 0.3:
            price["rules"] = self._pick([{"region_id": "reg_1"}, {"region_id": "reg_2"}, {}])
        return price

    def _stocked(self, product: str) -> list[str]:
        """Titles of variants with an inventory item."""
        return [v["title"] for v in self._seen[product]["variants"] if v["inventory_items"]]

    def _sometimes(self) -> bool:
        return self._random.random() < 0.5

    def _pick(self, choices: Any) -> Any:
        return self._random.choice(sorted(choices) if isinstance(choices, dict) else list(choices))


@pytest.mark.e2e
@pytest.mark.parametrize("seed", sampled(range(3), 0))
def test_random_operations_have_the_same_result_on_both_stores(
    fake_shop: Shop, real_shop: Shop, seed: int
) -> None:
    planner, sides = Planner(Random(seed)), (Catalogue(fake_shop), Catalogue(real_shop))
    seen: dict[str, View] = {}
    for moment in range(OPERATIONS):
        plan = planner.plan(seen)
        fake_result, real_result = (side.do(plan) for side in sides)
        assert fake_result == real_result, plan
        seen, real_seen = (side.look(moment) for side in sides)
        assert seen == real_seen, plan
