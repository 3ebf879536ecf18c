"""Random operations on options and variants have the same result on both stores."""

import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.contract.shirts import CREATE, DELETE, UPDATE, option_of, shirt, value_of
from tests.contract.shop import (
    Refusal,
    Shop,
    View,
    ids_in,
    natural,
    refusal_of,
    variant_of,
    workflow_path,
)
from tests.tiers import sampled

OPERATIONS = 40
TEXTS = ("S", "M", "L", "Red", "Blue", "Green")

Plan = dict[str, Any]
"""An operation without ids of a store: external ids, titles, values."""


class Shirts:
    """Two shirts in one of two stores that get the same operations."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.views: dict[str, View] = {}
        """Products by external id, when they were last looked at."""
        self.births: dict[str, int] = {}
        """When ids were first seen."""
        for number in (1, 2):
            shirt(shop, number)

    def look(self, moment: int) -> dict[str, View]:
        """All products; ids are replaced by the moment at which they were first seen."""
        self.views = self.shop.products()
        for part in ids_in(list(self.views.values())):
            self.births.setdefault(part, moment)
        return {external_id: natural(view, self.births) for external_id, view in self.views.items()}

    def do(self, plan: Plan) -> Refusal:
        if plan["do"] == "reserve":
            self.shop.reserve(self.views[plan["product"]], plan["title"])
            return 200, "", ""
        response = self.shop.send(*self._request(plan, self.views[plan["product"]]))
        if response.is_success:
            return 200, "", ""
        status, kind, message = refusal_of(response)
        # The messages name variants in the order of their ids.
        start, colon, titles = message.partition(" using it: ")
        message = f"{start}{colon}{sorted(titles.split(', '))}"
        return status, kind, re.sub(r"Variant \(.*\) with", "Variant with", message)

    def _request(self, plan: Plan, product: View) -> tuple[str, str, Any]:
        path = f"/admin/products/{product['id']}"
        match plan["do"]:
            case "variants":
                kind, entries = plan["kind"], plan["entries"]
                if kind == "delete":
                    bodies: Any = [variant_of(product, title)["id"] for title in entries]
                else:
                    bodies = [self._changed(product, entry) for entry in entries]
                if not plan["in_bulk"]:
                    return "POST", f"{path}/variants/batch", {kind: bodies}
                if kind == "create":
                    bodies = [{**body, "product_id": product["id"]} for body in bodies]
                workflow = {"create": CREATE, "update": UPDATE, "delete": DELETE}[kind]
                name = "ids" if kind == "delete" else "product_variants"
                return "POST", workflow_path(workflow), {"input": {name: bodies}}
            case "variant":
                body = self._changed(product, plan["update"])
                return "POST", f"{path}/variants/{body.pop('id')}", body
            case "keep options":
                ids = [option_of(product, title) for title in plan["keep"]]
                return (
                    "POST",
                    path,
                    {"variants": [{"id": each["id"]} for each in product["variants"]]} | {"option_ids": ids},
                )
            case "values":
                change = {
                    "product_option_id": option_of(product, plan["option"]),
                    "add": [{"value": text} for text in plan["add"]],
                    "remove": [value_of(product, plan["option"], text) for text in plan["remove"]],
                }
                return "POST", f"{path}/options/batch", {"update": [change]}
            case "options":
                removed = [option_of(product, title) for title in plan["remove"]]
                return "POST", f"{path}/options/batch", {"add": plan["add"], "remove": removed}
            case "rename option":
                option_id = option_of(product, plan["option"])
                return "POST", f"/admin/product-options/{option_id}", {"title": plan["title"]}
        raise ValueError(plan)

    @staticmethod
    def _changed(product: View, entry: Plan) -> View:
        if "of" not in entry:
            return dict(entry["fields"])
        return {"id": variant_of(product, entry["of"])["id"], **entry["fields"]}


class Planner:
    """Draws random operations on the stored products, given as natural views."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._number = 0

    def plan(self, seen: dict[str, View]) -> Plan:
        key = self._random.choice(sorted(seen))
        product = seen[key]
        draws: list[Callable[[View], Plan]] = [*[self._variants] * 6, *[self._values] * 2]
        draws += [self._options, self._rename_option, self._keep_options]
        if product["variants"]:
            draws.append(self._variant)
        if self._stocked(product):
            draws.append(self._reserve)
        return {"product": key, **self._random.choice(draws)(product)}

    # --- operations ---

    def _variants(self, product: View) -> Plan:
        titles = self._titles(product)
        chosen = self._random.sample(titles, self._random.randint(0, min(4, len(titles))))
        kind = self._random.choice(["create", "update", "delete"])
        plan: Plan = {"do": "variants", "kind": kind, "entries": chosen, "in_bulk": self._sometimes()}
        if kind == "delete":
            return plan
        if kind == "create":
            plan["entries"] = [{"fields": self._new(product)} for _ in range(self._random.randint(0, 2))]
        else:
            plan["entries"] = [{"of": title, "fields": self._fields(product)} for title in chosen]
        # Which of several refusals is reported depends on ids and timing, so at most one entry is wrong.
        bodies = [entry["fields"] for entry in plan["entries"]]
        combinations = [tuple(sorted(body["options"].items())) for body in bodies if body.get("options")]
        stored = [tuple(each["options"]) for each in product["variants"]]
        for body in bodies:
            options = body.get("options")
            wanted = tuple(sorted((options or {}).items()))
            if options and (wanted in stored or combinations.count(wanted) > 1):
                del body["options"]
        if bodies and self._random.random() < 0.3:
            # Whether a SKU that a variant of the call gives up is free depends on ids.
            skus = [each["sku"] for each in product["variants"] if each["title"] not in chosen]
            self._random.choice(bodies).update(self._wrong(product, skus))
        return plan

    def _variant(self, product: View) -> Plan:
        title = self._random.choice(self._titles(product))
        fields = self._fields(product)
        fields.pop("options", None)  # their undo fails in Medusa
        return {"do": "variant", "update": {"of": title, "fields": fields}}

    def _reserve(self, product: View) -> Plan:
        return {"do": "reserve", "title": self._random.choice(self._stocked(product))}

    def _keep_options(self, product: View) -> Plan:
        """Remove all options but one, or keep all."""
        titles = [title for title, _ in product["options"]]
        return {"do": "keep options", "keep": titles if self._sometimes() else titles[:1]}

    def _values(self, product: View) -> Plan:
        title, texts = self._random.choice(product["options"])
        removed = self._random.sample(texts, self._random.randint(0, min(1, len(texts))))
        added = self._random.sample(TEXTS, self._random.randint(0, 3))
        return {"do": "values", "option": title, "add": added, "remove": removed}

    def _options(self, product: View) -> Plan:
        titles = [title for title, _ in product["options"]]
        self._number += 1
        added = [{"title": f"Option {self._number}", "values": ["a", "b"], "is_exclusive": True}]
        removes = len(titles) > 2 or self._random.random() < 0.2
        return {
            "do": "options",
            "add": added if len(titles) < 3 else [],
            "remove": [self._random.choice(titles)] if removes else [],
        }

    def _rename_option(self, product: View) -> Plan:
        title, _ = self._random.choice(product["options"])
        self._number += 1
        return {"do": "rename option", "option": title, "title": f"Renamed {self._number}"}

    # --- their parts ---

    def _titles(self, product: View) -> list[str]:
        return [each["title"] for each in product["variants"]]

    def _stocked(self, product: View) -> list[str]:
        return [each["title"] for each in product["variants"] if len(each["inventory_items"]) == 1]

    def _new(self, product: View) -> View:
        self._number += 1
        return {
            **self._fields(product),
            "title": f"Variant {self._number}",
            "prices": [{"currency_code": "usd", "amount": self._number}],
            **({"options": self._combination(product)} if self._random.random() < 0.8 else {}),
        }

    def _fields(self, product: View) -> View:
        self._number += 1
        drawn: View = {
            "title": f"Variant {self._number}",
            "sku": self._random.choice([None, f"sku-{self._number}"]),
            "barcode": f"barcode-{self._number}",
            "manage_inventory": self._sometimes(),
            "weight": self._random.choice([None, 0.1, 3]),
            "hs_code": self._random.choice([None, "h"]),
            "metadata": self._random.choice([{"a": 1}, {"a": ""}, {"b": {"c": 2}}, {}, None]),
            "options": self._combination(product),
            "prices": [{"currency_code": self._random.choice(["usd", "eur"]), "amount": self._number}],
        }
        return {name: value for name, value in drawn.items() if self._random.random() < 0.3}

    def _combination(self, product: View) -> dict[str, str]:
        return {title: self._random.choice(texts) for title, texts in product["options"] if texts}

    def _wrong(self, product: View, skus: list[str | None]) -> View:
        stored = [each for each in product["variants"] if each["options"]]
        choices: list[View] = [
            {"options": {"Nothing": "x"}},
            {"options": {**self._combination(product), "X": ""}},
        ]
        choices += [{"options": dict(each["options"])} for each in stored]
        choices += [{"sku": sku} for sku in skus if sku]
        return self._random.choice(choices)

    def _sometimes(self) -> bool:
        return self._random.random() < 0.5


@pytest.mark.e2e
@pytest.mark.parametrize("seed", sampled(range(2), 0))
def test_random_operations_on_variants_have_the_same_result_on_both_stores(
    fake_shop: Shop, real_shop: Shop, seed: int
) -> None:
    planner, sides = Planner(Random(seed)), (Shirts(fake_shop), Shirts(real_shop))
    seen, real_seen = (side.look(-1) for side in sides)
    assert seen == real_seen
    for moment in range(OPERATIONS):
        plan = planner.plan(seen)
        fake_result, real_result = (side.do(plan) for side in sides)
        assert fake_result == real_result, plan
        seen, real_seen = (side.look(moment) for side in sides)
        assert seen == real_seen, plan
