"""Texts of products and variants in other locales."""

from typing import Any

import pytest

from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.decode import ALL_DETAILS
from tests.contract.shop import Refusal, Shop, View, exists

BATCH = "/admin/translations/batch"


def of(reference_id: str, locale: str = "de-DE", reference: str = "product", **texts: str) -> View:
    return {
        "reference": reference,
        "reference_id": reference_id,
        "locale_code": locale,
        "translations": texts,
    }


def write(shop: Shop, **parts: list[Any]) -> View:
    written: View = shop.call("POST", BATCH, parts)
    return written


def refusal(shop: Shop, **parts: list[Any]) -> Refusal:
    return shop.refusal("POST", BATCH, parts)


def shown(shop: Shop, product: View) -> dict[str, View]:
    """The texts of a product and its variants, as its details show them, by id of either and locale."""
    found = shop.call("GET", "/admin/products", **{"id[]": [product["id"]], "fields": ALL_DETAILS.fields})
    [own] = found["products"]
    return {
        f"{each['id']} {text['locale_code']}": text["translations"]
        for each in (own, *own["variants"])
        for text in each["translations"]
    }


def listed(shop: Shop, *reference_ids: str) -> list[View]:
    query = {"reference_id[]": reference_ids, "order": "id", "limit": "100"}
    found: list[View] = shop.call("GET", "/admin/translations", **query)["translations"]
    return found


def test_a_store_says_whether_it_has_translations_and_for_which_locales(shop: Shop) -> None:
    assert shop.call("GET", "/admin/feature-flags")["feature_flags"]["translation"] is True
    assert sorted(shop.ask(lambda api: api.texts.locales())) == ["de-DE", "fr-FR"]


def test_texts_are_created_and_changed_in_one_call_and_merged_by_field(shop: Shop) -> None:
    product = shop.create()
    own, variant = product["id"], product["variants"][0]["id"]
    assert shown(shop, product) == {}
    bodies = [
        of(own, title="Kanne", description="Lang"),
        of(variant, reference="product_variant", title="Klein"),
    ]
    created = write(shop, create=bodies)["created"]
    assert sorted(each["reference_id"] for each in created) == sorted([own, variant])
    [german] = [each["id"] for each in created if each["reference_id"] == own]
    changed = {"id": german, "translations": {"title": "", "subtitle": "Neu"}}
    write(shop, create=[of(own, "fr-FR", title="Cruche")], update=[changed])
    assert shown(shop, product) == {
        f"{own} de-DE": {"title": "", "subtitle": "Neu", "description": "Lang"},
        f"{own} fr-FR": {"title": "Cruche"},
        f"{variant} de-DE": {"title": "Klein"},
    }


def test_only_the_workflow_takes_null_for_a_text(shop: Shop) -> None:
    """Customers see the text of the product instead, also up to Medusa 2.15.0, which shows an empty one."""
    product = shop.create()
    own = product["id"]
    [known] = write(shop, create=[of(own, title="Kanne", subtitle="Neu", material="Kupfer")])["created"]
    removed = {"id": known["id"], "translations": {"title": None, "subtitle": "Alt"}}
    left = {"subtitle": "Alt", "material": "Kupfer"}
    assert refusal(shop, update=[removed])[:2] == (400, "invalid_data")
    gone = {"id": "trans_gone", "translations": {"title": None}}
    missing = shop.workflow_refusal("update-translations", translations=[removed, gone])
    assert missing == (404, "not_found", 'Translation with id "trans_gone" not found')
    assert shown(shop, product)[f"{own} de-DE"]["title"] == "Kanne"
    shop.workflow("update-translations", translations=[removed])
    assert shown(shop, product) == {f"{own} de-DE": {"title": None, **left}}
    write(shop, update=[{"id": known["id"], "translations": {"title": "Krug"}}])
    assert shown(shop, product) == {f"{own} de-DE": {"title": "Krug", **left}}


def test_a_second_text_in_one_locale_refuses_the_whole_call(shop: Shop) -> None:
    product = shop.create()
    own = product["id"]
    [known] = write(shop, create=[of(own, title="Kanne")])["created"]
    again = {"id": known["id"], "translations": {"title": "Krug"}}
    taken = exists("Translation", reference_id="<id>", locale_code="de-DE")
    assert refusal(shop, create=[of(own, "fr-FR", title="Cruche"), of(own, title="Krug")]) == taken
    assert refusal(shop, create=[of("prod_x", "fr-FR"), of("prod_x", "fr-FR")])[:2] == taken[:2]
    gone = {"id": "trans_gone", "translations": {}}
    missing = (404, "not_found", 'Translation with id "trans_gone" not found')
    assert refusal(shop, update=[again, gone]) == missing
    assert shown(shop, product) == {f"{own} de-DE": {"title": "Kanne"}}


def test_unknown_products_locales_and_fields_are_accepted(shop: Shop) -> None:
    product = shop.create()
    own, variant = product["id"], product["variants"][0]["id"]
    bodies = [
        of("prod_gone", title="Weg"),
        of(own, "it-IT", title="Brocca", handle="brocca"),
        of(variant, "it-IT", "product_variant", title="Uno", description="Lungo"),
    ]
    write(shop, create=bodies)
    assert shown(shop, product) == {f"{own} it-IT": {"title": "Brocca"}, f"{variant} it-IT": {"title": "Uno"}}
    assert [each["translations"] for each in listed(shop, "prod_gone")] == [{"title": "Weg"}]


def test_the_texts_of_a_deleted_product_stay_until_they_are_deleted(shop: Shop) -> None:
    product = shop.create()
    own, variant = product["id"], product["variants"][0]["id"]
    write(shop, create=[of(own, title="Kanne"), of(variant, reference="product_variant", title="Klein")])
    shop.batch(delete=[own])
    assert len(listed(shop, own, variant)) == 2

    async def forget(api: AdminApi) -> None:
        await api.texts.forget([own, variant])
        await api.texts.delete(["trans_gone"])

    shop.ask(forget)
    assert listed(shop, own, variant) == []
    write(shop, create=[of(own, title="Kanne")])


@pytest.mark.parametrize("size", [1_900_000, 2_100_000])
def test_a_call_may_have_two_megabytes(shop: Shop, size: int) -> None:
    product = shop.create()
    response = shop.send("POST", BATCH, {"create": [of(product["id"], description="x" * size)]})
    assert response.status_code == (200 if size < 2_000_000 else 413)
