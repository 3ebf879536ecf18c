"""Options of products and their values."""

from typing import Any

import pytest

from tests.contract.shirts import add_values, option_of, shirt, value_of, values_of
from tests.contract.shop import Shop, View, invalid, not_there, options_of, variant_of

FIT: dict[str, Any] = {"title": "Fit", "values": ["Slim", "Wide"], "is_exclusive": True}
IN_USE = invalid("Cannot unassign product option from product which has variants for that option")


@pytest.fixture
def product(shop: Shop) -> View:
    return shirt(shop)


def values(product: View, title: str, **parts: Any) -> dict[str, list[View]]:
    """The body of a change of values of an option."""
    return {"update": [{"product_option_id": option_of(product, title), **parts}]}


def rename_option(shop: Shop, product: View, title: str, new: str) -> View:
    shop.call("POST", f"/admin/product-options/{option_of(product, title)}", {"title": new})
    return shop.product(product["id"])


def value_path(product: View, title: str, value: str) -> str:
    value_id = value_of(product, title, value)
    return f"/admin/product-options/{option_of(product, title)}/values/{value_id}"


# --- adding ---


def test_an_option_is_added_without_values_for_the_variants(shop: Shop, product: View) -> None:
    seen = shop.options(product, add=[FIT])
    assert values_of(seen) == {**values_of(product), "Fit": ["Slim", "Wide"]}
    assert all(option["is_exclusive"] for option in seen["options"])
    assert seen["variants"] == product["variants"]
    red = variant_of(seen, "S / Red")
    complete = {"Size": "S", "Colour": "Red", "Fit": "Slim"}
    updated = shop.variants(seen, update=[{"id": red["id"], "options": complete}])
    assert options_of(updated, variant_of(updated, "S / Red")) == complete


def test_the_same_option_can_be_added_twice(shop: Shop, product: View) -> None:
    seen = shop.options(shop.options(product, add=[FIT]), add=[FIT, {**FIT, "values": []}])
    assert sorted(option["title"] for option in seen["options"]) == ["Colour", "Fit", "Fit", "Fit", "Size"]


@pytest.mark.parametrize(
    ("added", "refusal"),
    [
        (
            {**FIT, "values": ["a", "a"]},
            invalid("Product option value with option_id: <id>, value: a, already exists."),
        ),
        ({"title": "Fit", "is_exclusive": True}, invalid("Invalid request: Field 'add, 0' is required")),
        ("opt_gone", not_there("product_option_id", "opt_gone")),
    ],
)
def test_wrong_options_are_refused(
    shop: Shop, product: View, added: object, refusal: tuple[int, str, str]
) -> None:
    assert shop.options_refusal(product, add=[added]) == refusal
    assert shop.product(product["id"]) == product


def test_options_cannot_be_added_to_an_unknown_product(shop: Shop) -> None:
    refusal = not_there("product_id", "prod_gone")
    assert shop.options_refusal({"id": "prod_gone"}, add=[FIT]) == refusal


def test_an_option_that_is_not_exclusive_is_shared(shop: Shop, product: View) -> None:
    shared = {"title": "Fit", "values": ["Slim"]}
    product, other = shop.options(product, add=[shared]), shirt(shop, 2)
    assert [each["is_exclusive"] for each in product["options"] if each["title"] == "Fit"] == [False]
    refusal = invalid("Product option with title: Fit, already exists.")
    assert shop.options_refusal(other, add=[shared]) == refusal
    other = shop.options(other, add=[option_of(product, "Fit")])
    assert option_of(other, "Fit") == option_of(product, "Fit")
    rename_option(shop, product, "Fit", "Cut")
    assert set(values_of(shop.product(other["id"]))) == {"Size", "Colour", "Cut"}


def test_exclusive_options_and_options_it_has_cannot_be_linked(shop: Shop, product: View) -> None:
    other = shirt(shop, 2)
    message = "Product options are already assigned to another product: <id>"
    assert shop.options_refusal(product, add=[option_of(other, "Size")]) == invalid(message)
    message = "Product options are already linked to products: <id>"
    assert shop.options_refusal(product, add=[option_of(product, "Size")]) == invalid(message)


@pytest.mark.parametrize(("size", "status"), [(99_000, 200), (110_000, 413)])
def test_a_batch_of_options_may_have_100_kilobytes(shop: Shop, product: View, size: int, status: int) -> None:
    path = f"/admin/products/{product['id']}/options/batch"
    body = {"add": [{**FIT, "title": "x" * size}]}
    assert shop.send("POST", path, body, fields="id").status_code == status


# --- values ---


def test_values_are_added_once_and_trimmed(shop: Shop, product: View) -> None:
    seen = add_values(shop, product, "Size", "L", " L ", "", "XL", "S")
    assert values_of(seen)["Size"] == ["L", "M", "S", "XL"]
    assert add_values(shop, seen, "Size", "L") == seen


def test_a_removed_value_keeps_its_id_and_blocks_its_text(shop: Shop, product: View) -> None:
    product = add_values(shop, product, "Size", "L")
    large = value_of(product, "Size", "L")
    path = value_path(product, "Size", "L")
    seen = shop.options(product, **values(product, "Size", remove=[large], add=[{"value": "New"}]))
    assert values_of(seen)["Size"] == ["M", "New", "S"]
    message = "Product option value with option_id: <id>, value: L, already exists."
    assert shop.refusal("POST", value_path(product, "Size", "S"), {"value": "L"}) == invalid(message)
    seen = add_values(shop, seen, "Size", "L")
    assert value_of(seen, "Size", "L") == large
    message = "Cannot delete product option values that are associated with products."
    assert shop.refusal("DELETE", path) == invalid(message)
    shop.options(seen, **values(seen, "Size", remove=[large]))
    option = shop.call("GET", path.split("/values/", maxsplit=1)[0], fields="values.value")["product_option"]
    assert sorted(value["value"] for value in option["values"]) == ["L", "M", "New", "S"]
    assert shop.call("DELETE", path) == {"id": large, "object": "product_option_value", "deleted": True}
    shop.call("POST", value_path(product, "Size", "S"), {"value": "L"})


def test_a_value_in_use_is_not_removed(shop: Shop, product: View) -> None:
    body = values(product, "Size", remove=[value_of(product, "Size", "S")], add=[{"value": "New"}])
    status, kind, message = shop.options_refusal(product, **body)
    begin, _, titles = message.partition(": ")
    assert (status, kind) == (400, "invalid_data")
    assert begin == (
        "Cannot unassign option values from product because the following variant(s) are using it"
    )
    assert sorted(titles.split(", ")) == ["S / Blue", "S / Red"]
    assert shop.product(product["id"]) == product


def test_unknown_values_are_not_removed_but_cannot_be_added(shop: Shop, product: View) -> None:
    product = add_values(shop, product, "Size", "L")
    body = values(product, "Colour", remove=["optval_gone", value_of(product, "Size", "L")])
    assert shop.options(product, **body) == product
    refusal = shop.options_refusal(product, **values(product, "Size", add=["plain"]))
    assert refusal == not_there("product_option_value_id", "plain")


def test_values_of_the_options_of_others_are_refused(shop: Shop, product: View) -> None:
    other = shirt(shop, 2)
    body = values(other, "Size", add=[{"value": "L"}])
    message = "Some product options are not linked to products: [<id>:<id>]"
    assert shop.options_refusal(product, **body) == invalid(message)
    body = {"update": [{"product_option_id": "opt_gone", "add": [{"value": "L"}]}]}
    message = "Some product options are not linked to products: [<id>:opt_gone]"
    assert shop.options_refusal(product, **body) == invalid(message)
    assert shop.product(other["id"]) == other


def test_a_refused_change_of_values_undoes_what_was_added(shop: Shop, product: View) -> None:
    body = values(product, "Size", remove=[value_of(product, "Size", "S")])
    assert shop.options_refusal(product, add=[FIT], **body)[0] == 400
    assert shop.product(product["id"]) == product


# --- renaming ---


def test_renamed_options_and_values_keep_variants(shop: Shop, product: View) -> None:
    seen = rename_option(shop, product, "Size", "Grösse")
    response = shop.call("POST", value_path(seen, "Grösse", "S"), {"value": "Small"}, fields="id,value")
    assert response == {"product_option_value": {"id": value_of(product, "Size", "S"), "value": "Small"}}
    seen = shop.product(product["id"])
    assert values_of(seen) == {"Grösse": ["M", "Small"], "Colour": ["Blue", "Red"]}
    red = variant_of(seen, "S / Red")
    assert options_of(seen, red) == {"Grösse": "Small", "Colour": "Red"}
    assert {value["id"] for value in red["options"]} == {
        value["id"] for value in variant_of(product, "S / Red")["options"]
    }


def test_a_value_cannot_be_renamed_to_another(shop: Shop, product: View) -> None:
    message = "Product option value with option_id: <id>, value: M, already exists."
    assert shop.refusal("POST", value_path(product, "Size", "S"), {"value": "M"}) == invalid(message)
    path = value_path(product, "Size", "S")
    wrong = path.replace(option_of(product, "Size"), option_of(product, "Colour"))
    message = 'Product option value with id "<id>" was not found for option with id "<id>"'
    assert shop.refusal("POST", wrong, {"value": "X"}) == (404, "not_found", message)
    assert shop.product(product["id"]) == product


def test_an_unknown_option_is_not_found(shop: Shop) -> None:
    message = 'Product option with id "opt_gone" not found'
    assert shop.refusal("POST", "/admin/product-options/opt_gone", {"title": "x"}) == (
        404,
        "not_found",
        message,
    )
    assert shop.call("GET", "/admin/product-options/opt_gone") == {}
    message = "Invalid request: Unrecognized fields: 'foo'"
    assert shop.refusal("POST", "/admin/product-options/opt_gone", {"foo": 1}) == invalid(message)


def test_options_may_get_the_same_title(shop: Shop, product: View) -> None:
    seen = rename_option(shop, product, "Size", "Colour")
    assert [option["title"] for option in seen["options"]] == ["Colour", "Colour"]


def test_one_default_variant_becomes_a_sized_one_by_renaming(shop: Shop) -> None:
    product = shop.create()
    seen = rename_option(shop, product, "Default", "Size")
    shop.call("POST", value_path(seen, "Size", "Default"), {"value": "S"})
    seen = add_values(shop, seen, "Size", "M")
    body = {"title": "M", "options": {"Size": "M"}, "prices": []}
    seen = shop.variants(seen, create=[body], update=[{"id": variant_of(product)["id"], "title": "S"}])
    assert {each["title"]: options_of(seen, each) for each in seen["variants"]} == {
        "S": {"Size": "S"},
        "M": {"Size": "M"},
    }
    assert variant_of(seen, "S")["id"] == variant_of(product)["id"]
    assert variant_of(seen, "S")["prices"] == variant_of(product)["prices"]


# --- removing ---


def test_an_unused_option_is_removed(shop: Shop, product: View) -> None:
    seen = shop.options(product, add=[FIT])
    path = f"/admin/product-options/{option_of(seen, 'Fit')}"
    assert shop.options(seen, remove=[option_of(seen, "Fit"), "opt_gone"]) == product
    assert shop.call("GET", path) == {}


def test_an_option_in_use_is_not_removed(shop: Shop, product: View) -> None:
    assert shop.options_refusal(product, remove=[option_of(product, "Size")]) == IN_USE
    path = f"/admin/products/{product['id']}"
    assert shop.refusal("POST", path, {"option_ids": [option_of(product, "Size")]}) == IN_USE
    assert shop.batch_refusal(update=[{"id": product["id"], "option_ids": []}]) == IN_USE
    assert shop.product(product["id"]) == product


def test_an_option_is_removed_with_a_list_of_the_variants(shop: Shop) -> None:
    """The only way to remove an option in one call."""
    product = shirt(shop, colours=("Red",))
    variants = [
        {"id": each["id"], "options": {"Size": options_of(product, each)["Size"]}}
        for each in product["variants"]
    ]
    updated = shop.update(product, option_ids=[option_of(product, "Size")], variants=variants)
    assert values_of(updated) == {"Size": ["M", "S"]}
    for before, after in zip(product["variants"], updated["variants"], strict=True):
        assert options_of(updated, after) == {"Size": options_of(product, before)["Size"]}
        assert after == {**before, "options": after["options"]}


def test_an_option_is_removed_with_a_list_of_the_variants_without_options(shop: Shop) -> None:
    product = shirt(shop)
    variants = [{"id": each["id"]} for each in product["variants"]]
    updated = shop.update(product, option_ids=[option_of(product, "Size")], variants=variants)
    sizes = sorted(options_of(updated, each)["Size"] for each in updated["variants"])
    assert (set(values_of(updated)), sizes) == ({"Size"}, ["M", "M", "S", "S"])


def test_an_option_is_removed_after_its_values(shop: Shop, product: View) -> None:
    bare = [{"id": each["id"], "options": {}} for each in product["variants"]]
    shop.variants(product, update=bare)
    assert set(values_of(shop.options(product, remove=[option_of(product, "Colour")]))) == {"Size"}


def test_option_ids_of_a_product_update_are_checked(shop: Shop, product: View) -> None:
    ids = [option_of(product, title) for title in ("Size", "Colour")]
    assert shop.update(product, option_ids=ids) == product
    refusal = invalid("Some product options were not found: [opt_gone]")
    assert shop.batch_refusal(update=[{"id": product["id"], "option_ids": [*ids, "opt_gone"]}]) == refusal
    exclusive = [*ids, option_of(shirt(shop, 2), "Size")]
    refusal = invalid("Product options are already assigned to another product: <id>")
    assert shop.batch_refusal(update=[{"id": product["id"], "option_ids": exclusive}]) == refusal
    variants = [{"id": variant_of(product, "S / Red")["id"], "options": {"Size": "S", "Colour": "Red"}}]
    body = {"id": product["id"], "option_ids": ids[:1], "variants": variants}
    message = (
        "Product has 1 option values but there were 2 provided option values for the variant: undefined."
    )
    assert shop.batch_refusal(update=[body]) == invalid(message)
    assert shop.product(product["id"]) == product


def test_a_removed_option_is_restored_if_the_batch_is_refused(shop: Shop, product: View) -> None:
    shop.create(2)
    body = {
        "id": product["id"],
        "title": "New",
        "option_ids": [option_of(product, "Size")],
        "variants": [{"id": each["id"]} for each in product["variants"]],
    }
    refused = shop.body(3, variant={"sku": "SKU-2"})
    assert shop.batch_refusal(create=[refused], update=[body])[0] == 400
    assert shop.product(product["id"]) == product
