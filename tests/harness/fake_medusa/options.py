"""Options of products and their values."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from tests.harness.fake_medusa.errors import ApiError, already_exists, invalid_data, no_such_entity, not_found
from tests.harness.fake_medusa.rules import reject_nul
from tests.harness.fake_medusa.state import Ids, Option, OptionValue, Product, State
from tests.harness.fake_medusa.steps import Steps

Body = dict[str, Any]

_IN_USE = "Cannot unassign product option from product which has variants for that option"


def new_option(ids: Ids, body: Body, *, is_exclusive: bool) -> Option:
    option = Option(ids.new("opt"), body["title"], body.get("is_exclusive", is_exclusive))
    option.values = [OptionValue(ids.new("optval"), value, option) for value in body["values"]]
    return option


def check_new_options(state: State, options: Iterable[Option]) -> None:
    shared = {option.title for option in state.options.values() if not option.is_exclusive}
    for option in options:
        if not option.is_exclusive:
            if option.title in shared:
                raise already_exists("Product option", title=option.title)
            shared.add(option.title)
        reject_nul([option.title, *(value.value for value in option.values)])
        seen: set[str] = set()
        for value in option.values:
            if value.value in seen:
                raise _value_exists(option, value.value)
            seen.add(value.value)


def chosen_values(
    options: Sequence[Option], allowed: Sequence[OptionValue], title: str, chosen: Mapping[str, str]
) -> list[OptionValue]:
    """The values that a variant asks for by title.

    Args:
        options: of the product.
        allowed: the values that the product has.
        title: of the variant, for the message.
        chosen: titles of options and values; none at all is accepted.
    """
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
    if removed:
        product.options = [option for option in product.options if option not in removed]
        product.values = [value for value in product.values if value.option not in removed]
        for variant in product.variants:
            variant.values = [value for value in variant.values if value.option not in removed]


def forget_options(state: State, ids: Iterable[str]) -> None:
    """Delete the exclusive ones of these options."""
    for option_id in ids:
        if option_id in state.options and state.options[option_id].is_exclusive:
            del state.options[option_id]


def check_links(product: Product, options: Iterable[Option], state: State) -> None:
    """Refuse options that a product has already, and exclusive options of other products."""
    for option in options:
        if option in product.options:
            raise invalid_data(f"Product options are already linked to products: {option.id}")
        if option.is_exclusive and any(option in other.options for other in state.products.values()):
            raise invalid_data(f"Product options are already assigned to another product: {option.id}")


def check_unused(product: Product, options: Collection[Option]) -> None:
    if any(value.option in options for variant in product.variants for value in variant.values):
        raise invalid_data(_IN_USE)


class OptionBatch:
    """Adds options to a product, removes options, and adds and removes values."""

    def __init__(self, state: State, product_id: str, body: Body) -> None:
        self._state = state
        self._product_id = product_id
        self._body = body
        self._made: list[Option] = []
        self._before: tuple[list[Option], list[OptionValue]] | None = None

    def steps(self) -> Steps:
        state, body = self._state, self._body
        added = body.get("add", [])
        made = [new_option(state.ids, new, is_exclusive=False) for new in added if not isinstance(new, str)]
        check_new_options(state, made)
        if made:
            self._made = made
            state.options.update((option.id, option) for option in made)
            yield "options"
        if added:
            self._link([option_id for option_id in added if isinstance(option_id, str)])
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
        for option in self._made:
            self._state.options.pop(option.id, None)

    def _product(self) -> Product | None:
        return self._state.products.get(self._product_id)

    def _keep(self, product: Product) -> None:
        self._before = self._before or (product.options, product.values)

    def _link(self, ids: Sequence[str]) -> None:
        product = self._product()
        if product is None:
            raise no_such_entity("product_id", self._product_id)
        for option_id in ids:
            if option_id not in self._state.options:
                raise no_such_entity("product_option_id", option_id)
        options = [*(self._state.options[option_id] for option_id in ids), *self._made]
        check_links(product, options, self._state)
        self._keep(product)
        product.options = [*product.options, *options]
        product.values = [*product.values, *(value for option in options for value in option.values)]

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
        named = [body["product_option_id"] for body in effective]
        missing = [option_id for option_id in named if option_id not in options]
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

    def _values(self, option: Option, wanted: Sequence[str | Body]) -> list[OptionValue]:
        """Values by id or by text; a new text becomes a new value of the option."""
        known = {value.id: value for each in self._state.options.values() for value in each.values}
        for value_id in wanted:
            if isinstance(value_id, str) and value_id not in known:
                raise no_such_entity("product_option_value_id", value_id)
        found = [known[value_id] for value_id in wanted if isinstance(value_id, str)]
        texts = [new["value"].strip() for new in wanted if not isinstance(new, str)]
        reject_nul(texts)
        for text in filter(None, dict.fromkeys(texts)):
            value = next((value for value in option.values if value.value == text), None)
            if value is None:
                value = OptionValue(self._state.ids.new("optval"), text, option)
                option.values = [*option.values, value]
            found.append(value)
        return list({value.id: value for value in found}.values())


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
    if "title" in body:
        reject_nul(body["title"])
        others = (other for other in state.options.values() if other is not option)
        taken = {other.title for other in others if not other.is_exclusive}
        if not option.is_exclusive and body["title"] in taken:
            raise already_exists("Product option", title=body["title"])
        option.title = body["title"]
    return option


def _value_exists(option: Option, value: str) -> ApiError:
    return already_exists("Product option value", option_id=option.id, value=value)
