"""Options of products and their values.

Medusa also has options that several products share; the fake does not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from string import whitespace
from typing import Any

from tests.harness.fake_medusa.errors import already_exists, invalid_data, no_such_entity, not_found
from tests.harness.fake_medusa.state import Ids, Option, OptionValue, Product, State
from tests.harness.fake_medusa.steps import Steps, Work

Body = dict[str, Any]

_IN_USE = "Cannot unassign product option from product which has variants for that option"


def new_option(ids: Ids, body: Body) -> Option:
    option = Option(ids.new("opt"), body["title"])
    option.values = [OptionValue(ids.new("optval"), value, option) for value in body["values"]]
    return option


def check_new_options(options: Iterable[Option]) -> None:
    for option in options:
        texts = [value.value for value in option.values]
        if twice := [text for index, text in enumerate(texts) if text in texts[:index]]:
            raise already_exists("Product option value", option_id=option.id, value=twice[0])


def chosen_values(
    options: Sequence[Option], allowed: Sequence[OptionValue], title: str, chosen: Mapping[str, str]
) -> list[OptionValue]:
    """The values, of those that the product has, that a variant asks for by title; it may ask for none."""
    if not chosen:
        return []
    if len(options) != len(chosen):
        raise invalid_data(
            f"Product has {len(options)} option values but there were {len(chosen)}"
            f" provided option values for the variant: {title}."
        )
    found = []
    for name, text in chosen.items():
        option = next((option for option in options if option.title == name), None)
        value = next((value for value in allowed if value.option is option and value.value == text), None)
        if option is None or value is None:
            raise invalid_data(f"Option value {text} does not exist for option {name}")
        found.append(value)
    return found


def remove_options(product: Product, removed: Collection[Option]) -> None:
    """Remove options and their values from a product and its variants."""
    product.options = [option for option in product.options if option not in removed]
    product.values = [value for value in product.values if value.option not in removed]
    for variant in product.variants:
        variant.values = [value for value in variant.values if value.option not in removed]


def forget_options(state: State, ids: Iterable[str]) -> None:
    for option_id in ids:
        state.options.pop(option_id, None)


def check_unused(product: Product, options: Collection[Option]) -> None:
    """Refuse to remove options that variants have values of."""
    if any(value.option in options for variant in product.variants for value in variant.values):
        raise invalid_data(_IN_USE)


class OptionBatch(Work):
    """Adds, removes and changes options of a product; if it is refused, Medusa undoes all of it."""

    def __init__(self, state: State, product_id: str, body: Body) -> None:
        self._state = state
        self._product_id = product_id
        self._body = body
        self._made: list[Option] = []
        self._before: tuple[list[Option], list[OptionValue]] | None = None

    def steps(self) -> Steps:
        state, body = self._state, self._body
        if not all(new.get("is_exclusive") for new in body.get("add", [])):
            raise NotImplementedError("FakeMedusa adds only options that no other product has")
        made = [new_option(state.ids, new) for new in body.get("add", [])]
        check_new_options(made)
        if made:
            self._made = made
            state.options.update((option.id, option) for option in made)
            yield "options"
            product = self._product()
            if product is None:
                raise no_such_entity("product_id", self._product_id)
            self._keep(product)
            product.options = [*product.options, *made]
            product.values = [*product.values, *(value for option in made for value in option.values)]
            yield "links"
        if body.get("remove"):
            self._remove(body["remove"])
            yield "removed"
        self._update(body.get("update", []))

    def undo(self) -> None:
        product = self._product()
        if product and self._before:
            product.options, product.values = self._before
            self._state.options.update((option.id, option) for option in product.options)
        forget_options(self._state, [option.id for option in self._made])

    def _product(self) -> Product | None:
        return self._state.products.get(self._product_id)

    def _keep(self, product: Product) -> None:
        self._before = self._before or (product.options, product.values)

    def _remove(self, ids: Sequence[str]) -> None:
        product = self._product()
        removed = [option for option in product.options if option.id in ids] if product else []
        if product and removed:
            check_unused(product, removed)
            self._keep(product)
            remove_options(product, removed)
            forget_options(self._state, ids)

    def _update(self, bodies: Sequence[Body]) -> None:
        effective = [body for body in bodies if body.get("add") or body.get("remove")]
        product = self._product()
        options = {option.id: option for option in product.options} if product else {}
        missing = [
            body["product_option_id"] for body in effective if body["product_option_id"] not in options
        ]
        if missing:
            pairs = ", ".join(f"{self._product_id}:{option_id}" for option_id in missing)
            raise invalid_data(f"Some product options are not linked to products: [{pairs}]")
        if product is None:
            return
        for body in effective:
            _check_values_unused(product, body.get("remove", []))
        removed = {
            (body["product_option_id"], value_id) for body in effective for value_id in body.get("remove", [])
        }
        added = [
            value
            for body in effective
            for value in self._values(options[body["product_option_id"]], body.get("add", []))
        ]
        kept = [value for value in product.values if (value.option.id, value.id) not in removed]
        self._keep(product)
        product.values = [*kept, *(value for value in added if value not in product.values)]

    def _values(self, option: Option, wanted: Sequence[Body]) -> list[OptionValue]:
        """Values by text; a new text becomes a new value of the option."""
        texts = [new["value"].strip(f"{whitespace}\ufeff") for new in wanted]
        for text in filter(None, dict.fromkeys(texts)):
            if all(value.value != text for value in option.values):
                option.values = [*option.values, OptionValue(self._state.ids.new("optval"), text, option)]
        return [value for value in option.values if value.value in texts]


def _check_values_unused(product: Product, ids: Sequence[str]) -> None:
    users = [
        variant.title or variant.id
        for variant in product.variants
        if any(value.id in ids for value in variant.values)
    ]
    if users:
        raise invalid_data(
            "Cannot unassign option values from product because the following variant(s) are using it:"
            f" {', '.join(users)}"
        )


def rename_option(state: State, option_id: str, body: Body) -> Option:
    option = state.options.get(option_id)
    if option is None:
        raise not_found(f'Product option with id "{option_id}" not found')
    option.title = body.get("title", option.title)
    return option
