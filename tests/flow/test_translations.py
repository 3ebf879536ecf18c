"""Texts of products and variants in other locales."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_quiet,
    counts,
    document,
    sync,
    sync_url,
    undone,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt
from tests.world import results

pytestmark = pytest.mark.usefixtures("routes")

Texts = dict[str, dict[str, str]]


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {**products(number)[-1], **changes}


def in_german(title: str, **more: str) -> dict[str, Any]:
    return {"translations": {"de-DE": {"title": title, **more}}}


def run(store: FakeMedusa, *rows: dict[str, Any], **changes: Any) -> RunResult:
    """A dry run that is exact, and a real one."""
    plan = sync(ListSource(list(rows)), store, dry_run=True, **changes)
    result = sync(ListSource(list(rows)), store, **changes)
    assert results.shown(plan) == results.shown(result)
    return result


def texts_of(store: FakeMedusa, own_id: str) -> Texts:
    """What customers see in each locale: a text that is null is that of the product."""
    found: Texts = {}
    for each in store.state.translations.values():
        if each.reference_id == own_id:
            assert each.locale_code not in found
            assert "" not in each.translations.values() or not store.offers_bulk
            own = {name: text for name, text in each.translations.items() if text}
            found |= {each.locale_code: own} if own else {}
    return found


def texts(store: FakeMedusa, number: int = 1) -> Texts:
    return texts_of(store, store.products[f"{SOURCE_NAME}:{number}"].id)


def variant_texts(store: FakeMedusa) -> dict[str | None, Texts]:
    found = {each.sku: texts_of(store, each.id) for each in store.products[f"{SOURCE_NAME}:1"].variants}
    return {sku: own for sku, own in found.items() if own}


def translate(store: FakeMedusa, locale: str, number: int = 1, **fields: str) -> None:
    """The merchant translates fields of the product in the admin."""
    own = store.products[f"{SOURCE_NAME}:{number}"].id
    known = [
        each.id
        for each in store.state.translations.values()
        if (each.reference_id, each.locale_code) == (own, locale)
    ]
    new = {"reference": "product", "reference_id": own, "locale_code": locale, "translations": fields}
    body = {"update": [{"id": known[0], "translations": fields}]} if known else {"create": [new]}
    store.call("POST", "/admin/translations/batch", body)


def asked(store: FakeMedusa) -> list[str]:
    """The requests about translations."""
    paths = [each.path for each in store.requests]
    return [each for each in paths if "translations" in each or "feature-flags" in each]


def test_texts_of_products_and_variants_are_stored_in_their_locales() -> None:
    store, shown = FakeMedusa(), shirt(1)
    shown["variants"][0]["translations"] = {
        "de-DE": {"title": "Klein", "material": "Leinen", "subtitle": "-"}
    }
    shown |= {"translations": {"DE_de": {"title": " Hemd ", "description": "Lang. " * 20}, "fr-FR": {}}}
    other = row(2, **in_german("Kanne", subtitle="Für Milch", material="Kupfer", handle="kanne"))
    rows = [shown, other, row(3)]
    assert counts(run(store, *rows)) == {"created": 3}
    assert texts(store) == {"de-DE": {"title": "Hemd", "description": ("Lang. " * 20).strip()}}
    assert texts(store, 2) == {"de-DE": {"title": "Kanne", "subtitle": "Für Milch", "material": "Kupfer"}}
    assert variant_texts(store) == {
        shown["variants"][0]["sku"]: {"de-DE": {"title": "Klein", "material": "Leinen"}}
    }
    store.requests.clear()
    assert_quiet(ListSource(rows), store)
    assert asked(store) == []


def test_two_texts_for_one_field_and_locale_reject_the_product() -> None:
    """As two prices do; equal ones are one."""
    store = FakeMedusa()
    for title, outcome in (("Krug", "rejected"), ("Kanne", "created")):
        result = run(store, row(1, translations={"de-DE": {"title": "Kanne"}, "de_de": {"title": title}}))
        assert counts(result) == {outcome: 1}
        assert [each.reason for each in result.problems] == ["translations: two of title in de-DE"][
            : title == "Krug"
        ]


def test_many_are_written_in_one_call() -> None:
    store = FakeMedusa()
    rows = [row(number, **in_german(f"Kanne {number}")) for number in range(1, 16)]
    sync(ListSource(rows), store)
    assert asked(store) == ["/admin/feature-flags", "/admin/translations/batch"]
    store.requests.clear()
    sync(ListSource([each | in_german("Neu") for each in rows]), store)
    assert asked(store) == ["/admin/feature-flags", "/admin/translations/batch"]


def test_only_some_texts_are_synced_if_that_is_asked_for() -> None:
    store = FakeMedusa()
    run(store, row(1, **in_german("Kanne")))
    new = row(1, title="Jug", translations={"de-DE": {"title": "Krug"}, "fr-FR": {"title": "Cruche"}})
    run(store, new, only="translation.fr-FR")
    assert texts(store) == {"de-DE": {"title": "Kanne"}, "fr-FR": {"title": "Cruche"}}
    run(store, new, skip="translation")
    assert (store.products[f"{SOURCE_NAME}:1"].title, texts(store)["de-DE"]["title"]) == ("Jug", "Kanne")
    run(store, new, only="translation")
    assert texts(store)["de-DE"] == {"title": "Krug"}


@pytest.mark.parametrize("name", ["translation.de-XX", "translation.de-XX.title"])
@pytest.mark.parametrize(("gone", "words"), [("", "only: 'de-DE', 'fr"), ("off", "MEDUSA_FF_TRANSLATION")])
def test_only_with_a_locale_that_the_store_lacks_is_an_error(name: str, gone: str, words: str) -> None:
    """Such a run would sync nothing, without a word."""
    store, source = FakeMedusa(), ListSource([row(1, **in_german("Kanne"))])
    sync(source, store)
    store.state.has_translations = not gone
    store.requests.clear()
    for only in (name, f"price,{name}"):
        result = sync(source, store, only=only)
        assert (result.exit_code, counts(result), writes(store)) == (2, {}, [])
        assert ("de-XX" in result.error, words in f"{result.error} {result.hint}") == (True, True)
        assert "--only" in result.hint
    assert sync(source, store, skip=name).exit_code == 0
    assert sync(source, store, only="translation").exit_code == 0


def test_only_with_a_locale_needs_the_right_to_see_locales() -> None:
    store, source = FakeMedusa(), ListSource([row(1, **in_german("Kanne"))])
    hide(store, "/admin/feature-flags")
    result = sync(source, store, only="translation.de-DE")
    assert (result.exit_code, "feature-flags" in result.error) == (4, True)


@pytest.mark.parametrize("is_off", [False, True])
def test_texts_in_locales_that_the_store_lacks_are_left_out_with_a_note(*, is_off: bool) -> None:
    store = FakeMedusa()
    store.state.has_translations, store.state.locales = not is_off, [] if is_off else ["de-DE"]
    source = row(1, translations={"de-DE": {"title": "Kanne"}, "fr-FR": {"title": "Cruche"}})
    first = run(store, source)
    lacks = "de-DE, fr-FR" if is_off else "fr-FR"
    [note] = [each for each in first.notes if "locale" in each]
    assert (first.exit_code, f"Texts in {lacks} are not synced" in note) == (0, True)
    assert texts(store) == ({} if is_off else {"de-DE": {"title": "Kanne"}})
    store.requests.clear()
    again = sync(ListSource([source]), store)
    assert (counts(again), writes(store)) == ({"unchanged": 1}, [])
    assert note in again.notes
    store.state.has_translations, store.state.locales = True, ["de-DE", "fr-FR"]
    assert counts(run(store, source)) == {"updated": 1}
    assert texts(store) == source["translations"]
    assert_quiet(ListSource([source]), store)


def hide(store: FakeMedusa, *paths: str) -> None:
    """A role or a firewall refuses to show something."""
    refusal = {"type": "forbidden", "message": "Insufficient permissions."}
    store.before = lambda request: (
        httpx.Response(403, json=refusal)
        if (request.method, request.url.path) in {("GET", path) for path in paths}
        else None
    )


def test_a_store_that_does_not_show_its_locales_is_synced_without_texts_and_the_note_says_why() -> None:
    store, source = FakeMedusa(), row(1, **in_german("Kanne"))
    hide(store, "/admin/feature-flags")
    result = run(store, source)
    [note] = [each for each in result.notes if "locale" in each or "Texts" in each]
    assert (result.exit_code, counts(result), texts(store)) == (0, {"created": 1}, {})
    assert "GET /admin/feature-flags: the server responded with 403" in note
    assert "MEDUSA_FF_TRANSLATION" not in note
    assert "role" in note
    again = sync(ListSource([source]), store)
    assert (counts(again), note in again.notes) == ({"unchanged": 1}, True)
    store.before = None
    run(store, source)
    assert texts(store) == {"de-DE": {"title": "Kanne"}}


@pytest.mark.parametrize(
    ("path", "needing"),
    [
        ("/admin/regions", {"prices": {"usd": 5, "usd.us": 4}, "price": None}),
        ("/admin/sales-channels", {"salesChannels": ["Default Sales Channel"]}),
        ("/admin/translations", None),
    ],
)
def test_what_the_catalogue_does_not_need_may_be_hidden(path: str, needing: dict[str, Any] | None) -> None:
    store = FakeMedusa()
    hide(store, path)
    assert counts(run(store, row(1), row(2))) == {"created": 2}
    assert counts(run(store, row(1, price=3), row(2))) == {"updated": 1, "unchanged": 1}
    assert counts(run(store, row(2), on_missing="delete", max_removals="100%"))["removed"] == 1
    if needing:
        result = sync(ListSource([row(2, **needing)]), store)
        assert (result.exit_code, path in result.error, "role" in result.hint) == (4, True, True)


GONE = pytest.mark.parametrize("gone", ["locale", "translations", "right"])


def lose(store: FakeMedusa, gone: str) -> None:
    """The store has one locale less, no translations any more, or a role that may not see them."""
    if gone == "locale":
        store.state.locales.remove("de-DE")
    elif gone == "translations":
        store.state.has_translations = False
    else:
        hide(store, "/admin/feature-flags")


def have_again(store: FakeMedusa) -> None:
    store.state.has_translations, store.state.locales, store.before = True, ["de-DE", "fr-FR"], None


@GONE
@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"on_missing": "delete"}])
@pytest.mark.parametrize("text_changes", [False, True])
def test_texts_outlive_a_locale_that_is_missing_for_some_runs(
    gone: str, how: dict[str, Any], *, text_changes: bool
) -> None:
    """Only the source removes texts, and what the merchant wrote is no conflict afterwards."""
    store, shown = FakeMedusa(), shirt(1) | in_german("Hemd", subtitle="Für Milch")
    both = {"de-DE": {"title": "Klein"}, "fr-FR": {"title": "Petit"}}
    shown["variants"][0]["translations"] = both
    run(store, shown)
    translate(store, "de-DE", subtitle="Meins", material="Leinen")
    before = texts(store), variant_texts(store)
    lose(store, gone)
    changed = shown | {"title": "Changed"}
    if text_changes:
        changed |= in_german("Bluse", subtitle="Für Milch")
    for again in (False, True):
        first = run(store, changed, **how)
        assert (first.exit_code, first.conflicts) == (0, 0)
        assert counts(first) == {"unchanged" if again else "updated": 1}
        assert (texts(store), variant_texts(store)) == before
    have_again(store)
    last = run(store, changed)
    assert (counts(last), last.conflicts) == ({"updated" if text_changes else "unchanged": 1}, 0)
    before[0]["de-DE"]["title"] = "Bluse" if text_changes else "Hemd"
    assert (texts(store), variant_texts(store)) == before
    assert_quiet(ListSource([changed]), store)


@GONE
def test_a_text_that_the_source_drops_while_its_locale_is_missing_is_removed_afterwards(gone: str) -> None:
    store = FakeMedusa()
    run(store, row(1, **in_german("Kanne", subtitle="Für Milch")))
    lose(store, gone)
    source = row(1, **in_german("Kanne"))
    assert counts(run(store, source)) == {"unchanged": 1}
    have_again(store)
    assert counts(run(store, source)) == {"updated": 1}
    assert texts(store) == {"de-DE": {"title": "Kanne"}}
    assert_quiet(ListSource([source]), store)


@GONE
def test_an_undo_leaves_texts_in_a_locale_that_is_missing_alone(gone: str, tmp_path: Path) -> None:
    store, file = FakeMedusa(), tmp_path / "run.json"
    first = run(store, row(1))
    assert counts(first) == {"created": 1}
    title, changed = row(1)["title"], row(1, title="Changed", **in_german("Kanne"))
    file.write_text(json.dumps(document(run(store, changed))), encoding="utf-8")
    lose(store, gone)
    assert counts(sync(undone(str(file), store), store)) == {"updated": 1}
    assert (store.products[f"{SOURCE_NAME}:1"].title, texts(store)) == (title, {"de-DE": {"title": "Kanne"}})
    have_again(store)
    assert counts(sync(undone(str(file), store), store)) == {"updated": 1}
    assert texts(store) == {}


@GONE
@pytest.mark.parametrize("number", range(1, 9))
def test_locales_that_go_while_a_run_writes_cost_no_text(gone: str, number: int) -> None:
    """A locale, translations or the right to see them goes before one of the requests of the run."""
    store = FakeMedusa()
    run(store, row(1, **in_german("Kanne")), row(2))
    translate(store, "de-DE", subtitle="Meins")
    sent: list[httpx.Request] = []

    def count(request: httpx.Request) -> None:
        sent.append(request)
        if len(sent) == number:
            store.before = None
            lose(store, gone)

    store.before = count
    source = [row(1, price=7, **in_german("Krug")), row(2, **in_german("Tasse"))]
    sync(ListSource(source), store, max_retries=1)
    have_again(store)
    assert texts(store)["de-DE"]["subtitle"] == "Meins"
    last = sync(ListSource(source), store)
    assert (last.exit_code, last.conflicts) == (0, 0)
    wanted = {"de-DE": {"title": "Krug", "subtitle": "Meins"}}, {"de-DE": {"title": "Tasse"}}
    assert (texts(store), texts(store, 2)) == wanted
    assert_quiet(ListSource(source), store)


@pytest.mark.parametrize("is_of_variant", [False, True])
def test_texts_of_what_is_deleted_are_deleted(*, is_of_variant: bool) -> None:
    store, shown = FakeMedusa(), shirt(1) | in_german("Hemd")
    for each in shown["variants"]:
        each["translations"] = {"de-DE": {"title": each["sku"]}, "fr-FR": {"title": each["sku"]}}
    rows = [shown, row(2, **in_german("Kanne"))]
    run(store, *rows)
    less = [shown | {"variants": shown["variants"][1:]}, rows[1]] if is_of_variant else rows[1:]
    sync(ListSource(less), store, on_missing="delete", max_removals="100%")
    known = {*store.state.products, *store.state.variants()}
    assert {each.reference_id for each in store.state.translations.values()} < known
    assert len(store.state.translations) == (2 * len(shown["variants"]) if is_of_variant else 1)


def test_a_refused_text_fails_alone() -> None:
    store = FakeMedusa()
    rows = [row(number, **in_german(f"Kanne {number}")) for number in range(1, 5)]

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_hit = request.url.path == "/admin/translations/batch" and b"Kanne 3" in request.content
        return httpx.Response(400, json={"type": "invalid_data", "message": "no"}) if is_hit else None

    store.before = refuse
    result = sync(ListSource(rows), store, max_retries=0)
    assert [each.external_id for each in result.problems] == [f"{SOURCE_NAME}:3"]
    assert [bool(texts(store, number)) for number in range(1, 5)] == [True, True, False, True]
    store.before = None
    assert sync(ListSource(rows), store).exit_code == 0
    assert texts(store, 3) == {"de-DE": {"title": "Kanne 3"}}
    assert_quiet(ListSource(rows), store)


def test_a_table_has_columns_for_texts(tmp_path: Path) -> None:
    """What follows the dot in the name of a column may be something else than a locale: it is not used."""
    file, store = tmp_path / "shop.csv", FakeMedusa()
    file.write_text(
        "id,title,price,title.de-DE,Description.fr_FR,material.html,option1_name,option1_value,variant_title.de-DE\n"
        "1,Jug,5,Kanne,Une cruche,x,Size,S,Klein\n"
        "1,Jug,5,,,,Size,M,\n",
        encoding="utf-8",
    )
    result = sync_url(str(file), store, source_name=SOURCE_NAME)
    assert (result.exit_code, any("material.html" in each for each in result.notes)) == (0, True)
    assert texts(store) == {"de-DE": {"title": "Kanne"}, "fr-FR": {"description": "Une cruche"}}
    own = {each.title: texts_of(store, each.id) for each in store.products[f"{SOURCE_NAME}:1"].variants}
    assert own == {"S": {"de-DE": {"title": "Klein"}}, "M": {}}
