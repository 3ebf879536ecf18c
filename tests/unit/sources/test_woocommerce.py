"""WooCommerce's CSV and API: what each column and field becomes. Its own importer is the reference."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from medusa_sync.sources.base import Rejected
from tests.unit.sources.reading import cells, in_json, read, reading, table

Row = dict[str, Any]
HEADER = (
    "ID,Type,SKU,GTIN,Name,Published,Short description,Description,Date sale price starts,"
    "Date sale price ends,In stock?,Stock,Weight (kg),Length (cm),Width (cm),Height (cm),Sale price,"
    "Regular price,Categories,Tags,Images,Parent,Attribute 1 name,Attribute 1 value(s),"
    "Weight (lbs),Width (in),Height (mm),Length (m)"
)
USUAL = {"Published": "1", "In stock?": "1"}
MUG = USUAL | {"Type": "simple", "Name": "Mug", "Regular price": "9"}
SHIRT = USUAL | {"Type": "variable", "Name": "Shirt"}
RED = USUAL | {"Type": "variation", "Regular price": "9", "ID": "1"}
RED |= {"Attribute 1 name": "Color", "Attribute 1 value(s)": "Red"}
BLUE = RED | {"ID": "2", "Stock": "7", "Attribute 1 value(s)": "Blue"}

# The cells of a simple product, and how it differs from a mug of our own format.
SIMPLE = r"""
SKU=A-1 => {"id": "A-1", "sku": "A-1"}
SKU=; ID=7 => {"id": "id:7", "sku": null}
SKU='-1 => {"id": "-1", "sku": "-1"}
SKU= => woocommerce-csv: it has neither an SKU nor an ID
GTIN=0123 => {"meta": {"barcode": "0123"}}
Type= => {}
Type=Simple, downloadable, virtual => {}
Type=virtual => {}
Name='+1 year => {"title": "+1 year"}
Name='t Mug => {"title": "'t Mug"}
Name=B&amp;B &lt;Caf&#233;&gt;&amp;lt;&eacute => {"title": "B&B <Café>&lt;&eacute"}
Published=true => {}
Published=0 => {"status": "draft"}
Published=-1 => {"status": "draft"}
Published='-1 => {"status": "draft"}
Published=2 => {"status": "draft"}
Published=FALSE => {"status": "draft"}
Published= => {"status": "draft"}
Description='-50 %\nnow\\n; Short description=Cup => {"description": "-50 %\nnow\\n"}
Short description='=) => {"description": "=)"}
Regular price=9,50 => {"price": 9.5}
Regular price=1.234,50 => {"price": 1234.5}
Sale price=8 => {"price": 8, "compareAtPrice": 9}
Sale price=8; Date sale price starts=2020-01-01 => {"price": 8, "compareAtPrice": 9}
Sale price=8; Date sale price starts=2099-01-01 => {}
Sale price=8; Date sale price ends=2099-01-01 00:00:00 => {"price": 8, "compareAtPrice": 9}
Sale price=8; Date sale price starts=2020-01-01; Date sale price ends=2020-01-31 => {}
Stock=4 => {"stock": 4}
Stock=0 => {"stock": 0}
Stock=-3 => {"stock": 0}
Stock='-3 => {"stock": 0}
Stock=4.0 => {"stock": 4}
Stock=4; In stock?=0 => {"stock": 0}
Stock=4; In stock?= => {"stock": 4}
Stock=4; In stock?=backorder => {"stock": 4}
Stock=1,250 => stock: '1,250' is not a number such as 1234.50
Stock=3,5 => stock: '3,5' is not a number such as 1234.50
Stock=3.5 => stock: it is a number, not a whole number or an object
Stock=-3,5 => stock: '-3,5' is not a number such as 1234.50
Stock=12 pcs => stock: '12 pcs' is not a number such as 1234.50
Stock=parent => stock: 'parent' is not a number such as 1234.50
In stock?=0 => {"stock": 0}
In stock?= => {"stock": 0}
In stock?=FALSE => {"stock": 0}
In stock?=backorder => {}
Weight (kg)=0,29 => {"weight": 290}
Weight (kg)=1 kg => {}
Length (cm)=3; Width (cm)=2.5; Height (cm)=1 => {"dimensions": {"depth": 3, "width": 2.5, "height": 1}}
Weight (lbs)=2; Width (in)=2,5; Height (mm)=30; Length (m)=1 => {"weight": 907.185, "dimensions":
 {"width": 6.35, "height": 3, "depth": 100}}
Categories=Home > Mugs, Sale\, new,A>B => {"categories": [["Home", "Mugs"], ["Sale, new"], ["A", "B"]]}
Categories=B&amp;B > A&gt;B => {"categories": [["B&B", "A>B"]]}
Tags=Q&amp;A => {"tags": ["Q&A"]}
Attribute 1 name=R&amp;B; Attribute 1 value(s)=B&amp;W => {"metadata": {"R&B": "B&W"}}
Tags='@home, Red\, white,new => {"tags": ["@home", "Red, white", "new"]}
Images=https://a/1,https://a/2, https://a/3\,x => {"images": ["https://a/1", "https://a/2", "https://a/3,x"]}
Attribute 1 name='@Size; Attribute 1 value(s)='-S, M\, L,XL => {"metadata": {"@Size": "-S, M, L, XL"}}
"""

# What is different in a product, in its red variant, and in our own format. Its blue variant has a stock.
VARIABLE: list[tuple[str, str, Row | str]] = [
    ("", "", {}),
    ("Published=-1", "Published=-1", {"status": "draft"}),
    ("Published=0", "", {"status": "draft"}),
    ("", "SKU='=S; Stock=3", {"sku": "=S", "stock": 3}),
    ("", "Images=https://a/1", {"image": "https://a/1", "images": ["https://a/1"]}),
    ("", r"Attribute 1 value(s)=Red\, white", {"options": {"Color": "Red, white"}}),
    ("", "Attribute 1 value(s)='-5", {"options": {"Color": "-5"}}),
    ("", "Attribute 1 value(s)=B&amp;W", {"options": {"Color": "B&W"}}),
    ("", "Attribute 1 value(s)=", {"options": {"Color": "Any"}}),
    ("Stock=5", "Stock=3", {"stock": 3}),
    ("Stock=5", "Published=0", {"red": None}),
    ("Stock=5", "", {"stock": 5}),
    ("Stock=5", "Stock=parent", {"shared": 5}),
    ("", "Stock=parent", {"shared": None}),
    ("Stock=0; In stock?=0", "Stock=parent; In stock?=0", {"shared": 0}),
    ("In stock?=0", "Stock=parent; In stock?=0", {"shared": 0}),
    ("Stock=2; In stock?=0", "Stock=parent", {"shared": 0}),
    ("", "Stock=7 pcs", "stock: '7 pcs' is not a number such as 1234.50"),
]
COLOR = {"name": "Color", "variation": True}
OLD = {"name": "Made &#38; sold", "variation": False, "options": ["You &amp; me", "Elm"]}
TEE: Row = {"type": "variable", "name": "Shirt", "status": "publish", "permalink": "", "regular_price": ""}
TEE |= {"attributes": [COLOR]}
API: list[tuple[Row, Row, Row | str]] = [
    ({}, {}, {}),
    ({"name": "Bags &amp; Belts &#201;"}, {}, {"title": "Bags & Belts É"}),
    ({"tags": [{"name": "Q&amp;A"}]}, {}, {"tags": ["Q&A"]}),
    (
        {"categories": [{"name": "A &lt; B", "slug": "b"}]},
        {},
        {"categories": [{"name": "A < B", "handle": "b"}]},
    ),
    ({"attributes": [COLOR, OLD]}, {}, {"metadata": {"Made & sold": "You & me, Elm"}}),
    ({}, {"attributes": [{"name": "Color", "option": "R&amp;B"}]}, {"options": {"Color": "R&B"}}),
    ({"status": "private"}, {}, {"status": "draft"}),
    ({"status": None}, {"status": None}, {"status": None}),
    ({}, {"status": "private"}, {"red": None}),
    ({}, {"manage_stock": True, "stock_quantity": 3}, {"stock": 3}),
    ({}, {"manage_stock": True, "stock_quantity": -3}, {"stock": 0}),
    ({}, {"manage_stock": True, "stock_quantity": None}, {"stock": 0}),
    ({}, {"manage_stock": False, "stock_status": "outofstock"}, {"stock": 0}),
    ({}, {"manage_stock": False, "stock_status": "onbackorder"}, {}),
    ({}, {"stock_quantity": 3}, {"stock": 3}),
    ({}, {"manage_stock": "Yes", "stock_quantity": "3"}, {"stock": 3}),
    ({}, {"manage_stock": "no", "stock_quantity": ""}, {}),
    ({}, {"manage_stock": "", "stock_quantity": ""}, {}),
    ({"manage_stock": True, "stock_quantity": 5}, {"manage_stock": True, "stock_quantity": 3}, {"stock": 3}),
    (
        {"manage_stock": True, "stock_quantity": 5},
        {"manage_stock": "parent", "stock_quantity": 5},
        {"shared": 5},
    ),
    ({"manage_stock": True, "stock_quantity": -5}, {"manage_stock": "parent"}, {"shared": 0}),
    ({}, {"manage_stock": "parent", "stock_quantity": 5}, {"shared": 0}),
    ({"manage_stock": True, "stock_quantity": 5}, {"status": "private"}, {"red": None}),
    (
        {},
        {"manage_stock": True, "stock_quantity": 3.5},
        "stock: it is a number, not a whole number or an object",
    ),
    (
        {},
        {"manage_stock": True, "stock_quantity": "12 pcs"},
        "stock: '12 pcs' is not a number such as 1234.50",
    ),
]


def expected_of(number: str, became: Row | str) -> Row | str:
    """A shirt of our own format, with what is different in itself or in its first variant."""
    if isinstance(became, str):
        return became
    blue = {"id": 2, "price": 9, "stock": 7, "options": {"Color": "Blue"}}
    red = {"id": 1, "price": 9, "options": {"Color": "Red"}}
    red |= {name: became[name] for name in ("sku", "stock", "image", "options") if name in became}
    own = {name: value for name, value in became.items() if name not in {*red, "red", "shared"}}
    if "shared" in became:  # by both variants
        own["stock"] = became["shared"]
        del blue["stock"]
    variants = [blue] if "red" in became else [red, blue]
    return {"id": number, "title": "Shirt", "status": "active", "variants": variants} | own


def assert_each(content: str, suffix: str, cases: Mapping[str, Row | str]) -> None:
    """Compare each product of a file with one of our own format, or with the reason why it is rejected."""
    valid = iter(in_json(*(each for each in cases.values() if not isinstance(each, str))))
    found = {}
    for case, each in zip(cases, read(content, suffix=suffix), strict=True):
        reason = re.sub("^variant [^:]+: ", "", each.reason) if isinstance(each, Rejected) else None
        found[case] = reason or each
    assert found == {
        case: became if isinstance(became, str) else next(valid) for case, became in cases.items()
    }


def csv_of(*rows: Mapping[str, str]) -> str:
    return table(HEADER, *rows).replace('"GTIN"', '"GTIN, UPC, EAN, or ISBN"')


def test_columns_of_simple_products_become_fields() -> None:
    rows, cases = [], {}
    for number, line in enumerate(SIMPLE.strip().replace("\n ", " ").splitlines()):
        own, became = line.split(" => ")
        rows.append(row := MUG | {"SKU": f"M-{number}"} | cells(own))
        usual = {"id": row["SKU"], "sku": row["SKU"], "title": "Mug", "price": 9, "status": "active"}
        cases[line] = usual | json.loads(became) if became[0] == "{" else became
    assert_each(csv_of(*rows), ".csv", cases)


def test_columns_of_variable_products_and_variations_become_fields() -> None:
    """A variation may be before its product."""
    rows: list[Mapping[str, str]] = []
    for number, (own, of_red, _) in enumerate(VARIABLE):
        product, red, blue = SHIRT | {"SKU": f"S-{number}"} | cells(own), RED | cells(of_red), BLUE
        blue |= {"Stock": "parent"} if "parent" in of_red else {}
        variations = [each | {"Parent": f"S-{number}"} for each in (red, blue)]
        rows += [product, *variations] if number % 2 else [*variations, product]
    cases = {str(each): expected_of(f"S-{number}", each[-1]) for number, each in enumerate(VARIABLE)}
    assert_each(csv_of(*rows), ".csv", cases)


def test_fields_of_the_api_become_fields() -> None:
    rows: list[Row] = []
    for number, (own, of_red, _) in enumerate(API):
        red, blue = (
            {"id": key, "status": "publish", "price": "9", "attributes": [{"name": "Color", "option": name}]}
            for key, name in ((1, "Red"), (2, "Blue"))
        )
        shares = of_red.get("manage_stock") == "parent"
        blue |= {"manage_stock": "parent"} if shares else {"manage_stock": True, "stock_quantity": 7}
        rows.append(TEE | {"id": f"S-{number}", "variations": [red | of_red, blue]} | own)
    cases = {str(each): expected_of(f"S-{number}", each[-1]) for number, each in enumerate(API)}
    assert_each(json.dumps(rows), ".json", cases)


ENGLISH = (
    "ID,Type,SKU,Name,Published,Short description,Description,Date sale price starts,Date sale price ends,"
    "In stock?,Stock,Weight (kg),Length (cm),Width (cm),Height (cm),Sale price,Regular price,Categories,Tags,"
    "Images,Parent,Attribute 1 name,Attribute 1 value(s),GTIN"
)
TRANSLATED = {  # as exports have them
    "German": "ID;Typ;Artikelnummer;Name;Veröffentlicht;Kurzbeschreibung;Beschreibung;Datum, an dem"
    " Angebotspreis beginnt;Datum, an dem Angebotspreis endet;Vorrätig?;Lager;Gewicht (kg);Länge (cm);Breite"
    " (cm);Höhe (cm);Angebotspreis;Regulärer Preis;Kategorien;Schlagwörter;Bilder;Übergeordnetes Produkt;"
    "Attribut 1 Name;Attribut 1 Wert(e);GTIN, UPC, EAN oder ISBN",
    "French": "ID;Type;UGS;Nom;Publié;Description courte;Description;Date de début de promo;Date de fin de"
    " promo;En stock\u00a0?;Stock;Poids (kg);Longueur (cm);Largeur (cm);Hauteur (cm);Tarif promo;Tarif"
    " régulier;Catégories;Étiquettes;Images;Parent;Nom de l\u2019attribut 1;Valeur(s) de l\u2019attribut 1 ;"
    "GTIN, UPC, EAN ou ISBN",
    "Spanish": "ID;Tipo;SKU;Nombre;Publicado;Descripción corta;Descripción;Día en que empieza el precio"
    " rebajado;Día en que termina el precio rebajado;¿Existencias?;Inventario;Peso (kg);Longitud (cm);Anchura"
    " (cm);Altura (cm);Precio rebajado;Precio normal;Categorías;Etiquetas;Imágenes;Superior;Nombre del"
    " atributo 1;Valor(es) del atributo 1;GTIN, UPC, EAN o ISBN",
    "Russian": "ID;Тип;Артикул;Имя;Опубликован;Краткое описание;Описание;Дата начала действия скидки;Дата"
    " окончания действия скидки;Наличие;Запасы;\u0412\u0435\u0441 (кг);Длина (см);Ширина (см);Высота (см);"
    "Акционная цена;Базовая цена;Категории;Метки;Изображения;Родительский;Название атрибута 1;Значения"
    " атрибутов 1;GTIN, UPC, EAN или ISBN",
}


@pytest.mark.parametrize("language", TRANSLATED)
def test_an_export_may_have_the_names_of_another_language(language: str) -> None:
    mug = MUG | {
        "SKU": "M",
        "GTIN": "1",
        "Stock": "4",
        "Weight (kg)": "1",
        "Length (cm)": "2",
        "Images": "https://a/1",
    }
    mug |= {"Description": "B", "Sale price": "8", "Categories": "A > B", "Tags": "T", "Width (cm)": "3"}
    rows = [mug, SHIRT | {"SKU": "S"}, RED | {"Parent": "S"}, BLUE | {"Parent": "S"}]
    content = table(ENGLISH, *rows)
    header, *lines = content.replace('"GTIN"', '"GTIN, UPC, EAN, or ISBN"').splitlines()
    translated = ",".join(f'"{name}"' for name in TRANSLATED[language].split(";"))
    assert translated.count('","') == header.count('","')
    found = read("\n".join([translated, *lines]))
    assert found == read("\n".join([header, *lines]))
    assert not any(isinstance(each, Rejected) for each in found)


def test_an_export_needs_no_ids_and_no_links() -> None:
    csv_file = "Type,SKU,Name,Published,In stock?,Regular price\nsimple,M,Mug,1,1,9\n"
    assert read(csv_file) == in_json({"id": "M", "title": "Mug", "price": 9, "sku": "M", "status": "active"})
    item = {"id": 1, "name": "Mug", "type": "simple", "regular_price": "9"}
    assert read(json.dumps([item]), suffix=".json") == in_json({"id": 1, "title": "Mug", "price": 9})


def test_a_simple_product_of_the_api_has_no_stock_of_a_parent() -> None:
    item = {"id": 1, "name": "Mug", "type": "simple", "regular_price": "9", "manage_stock": "parent"}
    [rejected] = read(json.dumps([item]), suffix=".json")
    assert isinstance(rejected, Rejected)
    assert "only a variation has the stock of its parent" in rejected.reason


def test_an_export_with_lists_in_texts_loses_neither_images_nor_categories() -> None:
    """Such files are made by programs that read the API."""
    item = {"id": "1", "name": "Mug", "type": "simple", "regular_price": "9", "stock_quantity": "7"}
    item |= {
        "categories": "Home &amp; Bath > Mugs; New",
        "tags": "a, b",
        "all_images": "https://a/1; https://a/2",
    }
    mug = {"id": 1, "title": "Mug", "price": 9, "stock": 7, "tags": ["a", "b"]}
    mug |= {"categories": [["Home & Bath", "Mugs"], ["New"]], "images": ["https://a/1", "https://a/2"]}
    tee = {"id": 2, "name": "Shirt", "type": "variable", "regular_price": ""}
    tee["variations"] = [{"id": 3, "price": "9", "attributes": "Size: S", "image": "https://a/3"}]
    shirt = {"id": 2, "title": "Shirt", "options": ["Size"]}
    shirt["variants"] = [{"id": 3, "price": 9, "image": "https://a/3", "options": {"Size": "S"}}]
    assert read(json.dumps([item, tee]), suffix=".json") == in_json(mug, shirt)
    item["permalink"] = "https://shop.example/mug"
    assert read(table(",".join(item), item)) == in_json(mug)


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert read("\n\t\ufeffID,Type,Name,Published,Regular price\n1,simple,Mug,1,9\n") == in_json(
        {"id": "id:1", "title": "Mug", "price": 9, "status": "active"}
    )


def test_a_table_of_our_own_is_no_export_of_woocommerce() -> None:
    header = "id,name,price,sku,type,published,regular_price"
    assert reading(f"{header}\n1,Mug,9,M,Cup,1,10\n").format == "CSV (medusa-sync)"


def test_a_table_that_looks_like_an_export_names_what_is_missing() -> None:
    like = "It looks like WooCommerce's CSV export, but without "
    for header, missing in {
        "Typ;Artikelnummer;Name;Vorrätig?;Regulärer Preis": "Published",
        "SKU,Name,Regular price": "Type, Published",
    }.items():
        assert reading(f"{header}\n").error.endswith(f"\n{like}{missing}.")
    assert like not in reading("a,b,c\n").error
