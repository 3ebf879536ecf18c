"""Tables of Shopify, of Medusa and with our own columns: what rows become, and why products are rejected."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.sources.delivery import MappingOptions
from tests.unit.builders import row as source_row
from tests.unit.sources.reading import (
    CUT_OFF,
    cases,
    cells,
    in_json,
    only,
    read,
    reading,
    reason,
    reasons,
    table,
    variant_of,
)

SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,"
    "Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Status,"
    "Variant Inventory Policy,Variant Image"
)
OTHER_NAMES = {  # of Shopify's newer exports
    "Handle": "URL handle",
    "Body (HTML)": "Description",
    "Published": "Published on online store",
    "Image Src": "Product image URL",
    "Variant Compare At Price": "Compare-at price",
    "Variant Inventory Qty": "Inventory quantity",
    "Variant Grams": "Weight value (grams)",
    "Variant Image": "Variant image URL",
    "Variant Inventory Policy": "Continue selling when out of stock",
}
MEDUSA = (
    "Product Id,Product Handle,Product Title,Product External Id,Product Subtitle,Product Description,"
    "Product Status,Product Thumbnail,Product Weight,Product Length,Product Width,Product Height,"
    "Product HS Code,Product Origin Country,Product MID Code,Product Material,Product Collection Id,"
    "Product Type Id,Product Category 1,Product Tag 1,Product Tag 2,Product Tag 11,Product Image 1 Url,"
    "Product Image 2,Product Metadata,Variant Id,Variant Title,Variant SKU,Variant Barcode,Variant Weight,"
    "Variant Price EUR,Variant Price USD,Variant Option 1 Name,Variant Option 1 Value,"
    "Variant Option 2 Name,Variant Option 2 Value,Variant Price Europe [EUR],Variant Created At"
)
MUG = {"id": "mug", "handle": "mug", "title": "Mug"}
OWN = {"id": "1", "title": "Mug", "price": 9}


def shopify(*rows: str) -> str:
    """A table of mugs, of which the first has a title and a price."""
    first, *more = [{"Handle": "mug"} | cells(row) for row in rows]
    return table(SHOPIFY, {"Title": "Mug", "Variant Price": "9.50"} | first, *more)


def medusa(*rows: str) -> str:
    usual = {"Product Handle": "mug", "Product Title": "Mug", "Variant Price USD": "9.5"}
    return table(MEDUSA, *(usual | cells(row) for row in rows))


# --- Shopify --------------------------------------------------------------------------------------------


@cases("""
Body (HTML)=<b>Big</b>; Vendor=Elm; Product Category=Home > Mugs; Type=Cup; Image Src=https://a/1; Tags=red,
 new, red;
 Published=true; Status=active; Variant SKU=M-1; Variant Barcode='0123; Variant Grams=250; Variant Compare At
 Price=12
 => {"status": "active", "description": "<b>Big</b>", "brand": "Elm", "categories": [["Home", "Mugs"]],
 "type": "Cup", "tags":
 ["red", "new"],
 "images": ["https://a/1"], "variants": [{"sku": "M-1", "barcode": "0123", "weight": 250, "compareAtPrice":
 12, "price": 9.5}]}
# An apostrophe keeps a spreadsheet from reading a number.
Variant SKU='0115; Variant Barcode='4006381333931 => {"variants": [{"sku": "0115", "barcode": "4006381333931",
 "price": 9.5}]}
Option1 Name=Size; Option1 Value=S; Variant SKU='0115 | Option1 Value=L; Variant Price=9; Variant SKU='0116 =>
 {"options": ["Size"], "variants": [{"price": 9.5, "sku": "0115", "options": {"Size": "S"}},
 {"price": 9, "sku": "0116", "options": {"Size": "L"}}]}
# Stock is that of tracked variants, and never negative.
Variant Inventory Tracker=shopify; Variant Inventory Qty=5 => {"variants": [{"price": 9.5, "stock": 5}]}
Variant Inventory Tracker=shopify; Variant Inventory Qty=-3 => {"variants": [{"price": 9.5, "stock": 0}]}
Variant Inventory Tracker=shopify => {}
Variant Inventory Qty=5 => {}
Variant Image=https://a/1 => {"variants": [{"price": 9.5, "image": "https://a/1"}]}
# What is out of stock can be bought if the policy says so, and the stock is tracked.
Variant Inventory Tracker=shopify; Variant Inventory Qty=0; Variant Inventory Policy=continue => {"variants":
 [{"price": 9.5, "stock": 0, "allowBackorder": true}]}
Variant Inventory Tracker=shopify; Variant Inventory Qty=0; Variant Inventory Policy=FALSE => {"variants":
 [{"price": 9.5, "stock": 0, "allowBackorder": false}]}
Variant Inventory Policy=continue => {}
# What customers could not see is a draft.
Published=FALSE; Status=active => {"status": "draft"}
Status=draft => {"status": "draft"}
Status=Archived => {"status": "draft"}
Status=unlisted => {"status": "draft"}
Status=Sold out => {"status": "Sold out"}
Variant Grams=0; Product Category=Uncategorized => {}
# Images are in the order of their positions, each once.
Image Src=https://a/3; Image Position=3 | Image Src=https://a/last | Image Src=https://a/1; Image Position=1
 | Image Src=https://a/3; Image Position=4 => {"images": ["https://a/1", "https://a/3", "https://a/last"]}
# The option of a product without options is none.
Option1 Name=Title; Option1 Value=Default Title => {}
Option1 Name=Title => {}
# The names of options are on the first row, and may be repeated.
Option1 Name=Size; Option1 Value=S; Variant SKU=M | Option1 Value=L; Variant Price=9; Variant SKU=M =>
 {"options": ["Size"], "variants": [{"price": 9.5, "sku": "M", "options": {"Size": "S"}},
 {"price": 9, "sku": "M", "options": {"Size": "L"}}]}
Option1 Name=Title; Option1 Value=S | Option1 Name=Title; Option1 Value=L; Variant Price=9 =>
 {"options": ["Title"], "variants": [{"price": 9.5, "options": {"Title": "S"}}, {"price": 9, "options":
 {"Title": "L"}}]}
""")
def test_columns_of_shopify_become_fields(rows: list[str], expected: str) -> None:
    product = in_json(MUG | {"variants": [{"price": 9.5}]} | json.loads(expected))
    content = shopify(*rows)
    assert read(content) == product
    header = ",".join(OTHER_NAMES.get(name, name.removeprefix("Variant ")) for name in SHOPIFY.split(","))
    assert read(content.replace(content.splitlines()[0], header, 1)) == product


def test_an_older_export_of_shopify_has_another_name_of_the_category() -> None:
    content = "Handle,Title,Variant Price,Standard Product Type\nmug,Mug,9.50,Home > Mugs\n"
    product = MUG | {"categories": [["Home", "Mugs"]], "variants": [{"price": 9.5}]}
    assert read(content) == in_json(product)


def test_a_file_without_the_column_of_the_tracker_has_stock() -> None:
    content = "Handle,Title,Variant Price,Variant Inventory Qty\nmug,Mug,9.50,5\n"
    assert read(content) == in_json(MUG | {"variants": [{"price": 9.5, "stock": 5}]})


@cases("""
Variant Price= => line 2: Variant Price is empty
Variant Price=; Variant SKU=M-1 => line 2: Variant Price is empty (variant M-1)
Option1 Name=Size; Option1 Value=S; Option2 Name=Colour; Option2 Value=Red | Option1 Value=L; Option2
 Value=Red
 => line 3: Variant Price is empty (variant L / Red)
Variant Price=1,2345 => line 2: Variant Price is '1,2345', which is not a number such as 1234.50
Variant Price=-9 => line 2: Variant Price is -9, which is negative
Variant Barcode=7.12393E+11 => line 2: Variant Barcode is '7.12393E+11': a spreadsheet has lost its last
 digits
Title= => line 2: Title is empty; one line of a product must have it
Variant Inventory Tracker=shopify; Variant Inventory Qty=many =>
 line 2: Variant Inventory Qty is 'many', which is not a whole number such as 12
Published=maybe => line 2: Published is 'maybe', but should be `true` or `false`
Option1 Name=Size; Option1 Value=S | Option1 Name=Colour; Option1 Value=L =>
 line 3: Option1 Name is 'Colour', but 'Size' on line 2
Option2 Value=Blue => line 2: Option2 Value is 'Blue', but the option has no name
Option1 Name=Title; Option1 Value=Default Title | Option1 Value=Default Title; Variant Price=9 =>
 two variants have the same option values
""")
def test_a_product_of_shopify_is_rejected_alone(rows: list[str], expected: str) -> None:
    content = shopify(*rows)
    assert reason(content) == expected
    jug = shopify("Handle=jug").splitlines(keepends=True)[1]
    assert len(reasons(content + jug + jug.replace("jug", "cup"))) == 1


# --- Medusa ---------------------------------------------------------------------------------------------


@cases("""
Product Subtitle=For tea; Product Description=Big; Product Status=Draft; Product Thumbnail=https://a/t;
 Product Weight=1.5;
 Product Length=2; Product Width=3; Product Height=4; Product HS Code=6912; Product Origin Country=pt;
 Product MID Code=M;
 Product Material=Clay; Product Collection Id=Summer; Product Type Id=Cup; Product Category 1=Home > Mugs;
 Product Tag 1=red; Product Tag 2=new; Product Tag 11=last; Product Image 1 Url=https://a/1; Product Image
 2=https://a/2;
 Product Metadata={"oven": true}; Variant Id=v-1; Variant Title=One; Variant SKU=M-1; Variant Barcode=0123;
 Variant Weight=0.5; Variant Price EUR=8.5 =>
 {"subtitle": "For tea", "description": "Big", "status": "draft", "thumbnail": "https://a/t", "weight": 1.5,
 "dimensions": {"depth": 2, "width": 3, "height": 4}, "hsCode": "6912", "originCountry": "pt", "midCode": "M",
 "material": "Clay", "collection": "Summer", "type": "Cup", "categories": [["Home", "Mugs"]],
 "tags": ["red", "new", "last"], "images": ["https://a/1", "https://a/2"], "metadata": {"oven": true},
 "variants":
 [{"id": "v-1", "title": "One", "sku": "M-1", "barcode": "0123", "weight": 0.5, "prices": {"usd": 9.5, "eur":
 8.5}}]}
# Ids and prices of the store that exported it are ignored.
Product Id=prod_01; Product Collection Id=pcol_01JX; Product Type Id=ptyp_01JX; Product Category 1=pcat_01JX;
 Product Tag 1=blue; Variant Created At=2026-01-01T00:00:00.000Z => {"tags": ["blue"]}
# Prices of regions have their names.
Variant Price Europe [EUR]=7 => {"variants": [{"prices": {"usd": 9.5, "eur.Europe": 7}}]}
# The id is the external id, else the handle, else the product's id.
Product External Id=x-1; Product Id=prod_1 => {"id": "x-1"}
Product Id=prod_1; Product Handle= => {"id": "prod_1", "handle": null}
# Rows that lack only the external id belong to the product before them.
Product External Id=x-1; Variant Option 1 Name=Size; Variant Option 1 Value=S
 | Variant Option 1 Name=Size; Variant Option 1 Value=L => {"id": "x-1", "variants":
 [{"prices": {"usd": 9.5}, "options": {"Size": "S"}}, {"prices": {"usd": 9.5}, "options": {"Size": "L"}}]}
# The numbers of options may differ from row to row.
Variant Option 1 Name=Size; Variant Option 1 Value=L; Variant Option 2 Name=Colour; Variant Option 2 Value=Red
 | Variant Option 1 Name=Colour; Variant Option 1 Value=Blue; Variant Option 2 Name=Size; Variant Option 2
 Value=L =>
 {"variants": [{"prices": {"usd": 9.5}, "options": {"Size": "L", "Colour": "Red"}},
 {"prices": {"usd": 9.5}, "options": {"Colour": "Blue", "Size": "L"}}]}
# The default option is none, unless there are other values.
Variant Option 1 Name=Default option; Variant Option 1 Value=Default option value => {}
Variant Option 1 Name=Default; Variant Option 1 Value=Default => {}
Variant Option 1 Name=Default option; Variant Option 1 Value=Default option value
 | Variant Option 1 Name=Default option; Variant Option 1 Value=Large => {"variants":
 [{"prices": {"usd": 9.5}, "options": {"Default option": "Default option value"}},
 {"prices": {"usd": 9.5}, "options": {"Default option": "Large"}}]}
""")
def test_columns_of_medusa_become_fields(rows: list[str], expected: str) -> None:
    usual = {"variants": [{"prices": {"usd": 9.5}}]}
    assert read(medusa(*rows)) == in_json(MUG | usual | json.loads(expected))


@pytest.mark.parametrize("second", ["Product Handle=jug", "Product External Id=jug"])
def test_another_handle_or_external_id_is_another_product(second: str) -> None:
    assert reading(medusa("Product External Id=x-1", second)).ids == ["x-1", "jug"]


@cases("""
Variant Id=7.12393E+11 => line 2: Variant Id is '7.12393E+11': a spreadsheet has lost its last digits
Variant Price USD=; Variant SKU=M-1 => line 2: price is empty (variant M-1)
Variant Price EUR=12 USD => line 2: Variant Price EUR is '12 USD', which is in another currency
Variant Option 1 Value=L => line 2: Variant Option 1 Value is 'L', but the option has no name
Variant Option 1 Name=Size; Variant Option 1 Value=L; Variant Option 2 Name=Size; Variant Option 2 Value=Blue
 => line 2: Variant Option 2 Name is 'Size', which is the name of another option as well
Product Handle= => it belongs to no product: it has no id
""")
def test_a_product_of_medusa_is_rejected_with_the_line_and_the_column(rows: list[str], expected: str) -> None:
    assert reason(medusa(*rows)) == expected


def test_the_price_is_that_in_the_currency_of_the_run() -> None:
    content = medusa("Variant Price EUR=8.5")
    for currency, price in (("eur", 8.5), ("usd", 9.5)):
        assert variant_of(only(content, mapping=MappingOptions("shop", currency)))["price"] == price
    neither = variant_of(only(content, mapping=MappingOptions("shop", "gbp")))
    assert {name: neither.get(name) for name in ("price", "price.eur", "price.usd")} == {
        "price": None,
        "price.eur": 8.5,
        "price.usd": 9.5,
    }


def test_an_export_of_medusa_1_is_no_known_format_because_its_prices_are_in_cents() -> None:
    found = reading("Product Handle,Product Title,Price USD\nmug,Mug,950\n")
    assert "Medusa CSV: Variant Price {currency}" in found.error


# --- our own columns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "id,title,price,compareAtPrice,option1Name,option1Value,variantId",
        " Id , TITLE,price,compare-at-price,option_1_name,option_1_value,variant id",
        "product_id,name,price,compare_at_price,Option 1 Name,Option 1 Value,Variant ID",
    ],
)
def test_names_of_columns_are_those_that_people_would_guess(header: str) -> None:
    variant = {"id": "1-L", "price": 9, "compareAtPrice": 12, "options": {"Size": "L"}}
    expected = in_json({"id": "1", "title": "Mug", "options": ["Size"], "variants": [variant]})
    assert read(f"{header}\n1,Mug,9,12,Size,L,1-L\n") == expected


@pytest.mark.parametrize(
    "header", ["image,image", "image1,image2", "images,image_url", "image_1_url,image_2_url"]
)
def test_columns_may_be_of_a_series(header: str) -> None:
    content = f"id,title,price,{header}\n1,Mug,9,https://a/1,https://a/2 | https://a/1\n"
    assert read(content) == in_json(OWN | {"images": ["https://a/1", "https://a/2"]})


def test_a_column_is_a_price_in_a_currency_only_if_there_is_such_a_currency() -> None:
    content = "id,title,price_usd,price_eur,price_old\n1,Mug,9,8,12\n"
    assert read(content) == in_json(OWN | {"price": None, "prices": {"usd": 9, "eur": 8}})


def test_columns_of_prices_have_the_names_of_regions_and_quantities() -> None:
    columns = {"price.eur.St. Barts": 17, "price.EUR.10+": 16, "PRICE.eur.europe.10-99": 15, "price.usd": 9}
    content = f"id,title,{','.join(columns)}\n1,Mug,{','.join(map(str, columns.values()))}\n"
    prices = {"usd": 9, "eur.St. Barts": 17, "eur.10+": 16, "eur.europe.10-99": 15}
    assert read(content) == in_json(OWN | {"price": None, "prices": prices})


def test_columns_of_stock_at_locations_have_the_names_of_the_locations() -> None:
    """As they are written, because names of locations are case-sensitive."""
    content = (
        "id,title,price,Stock,stock.Berlin, STOCK.St. Pauli 2 \n1,Mug,9,,5,0\n2,Mug,9,3,,\n3,Mug,9,3,1,\n"
    )
    stocks: list[Any] = [{"Berlin": 5, "St. Pauli 2": 0}, 3, {"": 3, "Berlin": 1}]
    assert read(content) == in_json(
        *(OWN | {"id": str(number), "stock": each} for number, each in enumerate(stocks, 1))
    )


def test_a_column_has_the_currency_of_the_price() -> None:
    rows = read("id,title,price,currency\n1,Mug,9,EUR\n2,Jug,8,usd\n3,Cup,7,$\n4,Bowl,6,\n")
    assert rows == in_json(
        {"id": 1, "title": "Mug", "prices": {"eur": 9}},
        {"id": 2, "title": "Jug", "price": 8},
        {"id": 3, "title": "Cup", "price": 7},
        {"id": 4, "title": "Bowl", "price": 6},
    )


@cases("""
id=1; title=Mug; price= => line 2: price is empty
id=1; title=Mug; price=9; stock.Berlin=-1 => line 2: stock.Berlin is -1, which is negative
id=1; title=Mug; price=9; barcode=7E+11 => line 2: barcode is '7E+11': a spreadsheet has lost its last digits
id=1; title=Mug; price=9; stock=-1 => line 2: stock is -1, which is negative
id=1; title=Mug; price=9; weight=-1 => line 2: weight is -1, which is negative
id=1; title=Mug; price=9; metadata=[1] => line 2: metadata is '[1]', which is not a JSON object
id=1; title=Mug; price=9; stock=1.5 => line 2: stock is '1.5', which is not a whole number such as 12
id=1; title=Mug; price=9; stock=12345678901234567890 => stock: it is above 2147483647
id=1; title=Mug; price=9; weight=12345678901234567890 => weight: it is above 1000000000000
id=1; title=Mug; price=1234567890123456.5 => price: it is above 1000000000000
id=1; title=Mug; price=9 | id=1; title=Mug; price=8 =>
 line 3: id is that of line 2: variants need option1_name (Size), option1_value (S), or variant_id
""")
def test_a_product_is_rejected_with_the_line_and_the_column(rows: list[str], expected: str) -> None:
    assert reason(table(",".join(cells(rows[0])), *map(cells, rows))) == expected


@pytest.mark.parametrize("between", ["|", " | ", ",", ", ", ";", "; ", " ", "\n"])
def test_several_urls_of_images_in_a_text_are_a_list(between: str) -> None:
    urls = "https://a/w_9,h_9/1.jpg", "http://b/2;3.jpg", "https://c/4"
    text = between.join(urls)
    assert only(f'id,title,price,image\n1,Mug,9,"{text}"\n').fields["images"] == urls
    in_json = json.dumps([{"id": 1, "title": "Mug", "price": 9, "images": text}])
    assert only(in_json, suffix=".json").fields["images"] == urls


def test_a_product_is_the_same_as_in_json() -> None:
    """So a change of the format writes nothing."""
    raw = source_row(7, subtitle="For milk", handle="jug", status="draft", metadata={"oven": True})
    meta, dimensions, _ = raw.pop("meta"), raw.pop("dimensions"), raw.pop("reviews", None)
    texts = cells("collection=New; type=Jug; hsCode=69; returnPolicy=No; thumbnail=https://a")
    flat = {
        **{key: str(value) for key, value in (raw | texts).items() if not isinstance(value, list | dict)},
        **{key: str(value) for key, value in dimensions.items()},
        "barcode": meta["barcode"],
        "tags": "|".join(raw["tags"]),
        "images": "|".join(raw["images"]),
        "categories": "Home > Jugs | Sale",
        "metadata": '{"oven": true}',
    }
    whole = raw | texts | {"meta": {"barcode": meta["barcode"]}, "dimensions": dimensions}
    assert read(table(",".join(flat), flat)) == in_json(whole | {"categories": [["Home", "Jugs"], ["Sale"]]})


# --- files that programs write --------------------------------------------------------------------------

ALPHABET = "abcXYZ019 .,;:|>'\"\t\n\r-&<%éüß"  # in Windows-1252, no two of these letters look like UTF-8
ENCODINGS = {
    "utf-8": b"",
    "utf-8 ": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "cp1252": b"",
}
Rows = list[dict[str, Any]]


@st.composite
def files(draw: st.DrawFn) -> tuple[Rows, bytes]:
    """Products with variants, and a table as a program writes it."""
    encoding = draw(st.sampled_from([*ENCODINGS]))
    letters = ALPHABET if encoding == "cp1252" else f"{ALPHABET}żИ日本🎁\u2028\x0b\x85"
    texts = st.text(letters, min_size=1, max_size=12).map(str.strip).filter(bool)
    words = texts.map(lambda text: " ".join(text.split())).filter(bool)
    products, rows = [], []
    for source_id in draw(st.lists(words, min_size=1, max_size=4, unique=True)):
        own = {"id": source_id, "title": draw(words), "description": draw(texts)}
        sizes = draw(st.lists(words, min_size=1, max_size=3, unique=True))
        prices = {size: draw(st.integers(0, 10**8)) / 100 for size in sizes}
        variants = [{"price": price, "options": {"Size": size}} for size, price in prices.items()]
        products.append(own | {"options": ["Size"], "variants": variants})
        for size, price in prices.items():
            rows.append(own | {"option1_name": "Size", "option1_value": size, "price": str(price)})
            own = {"id": source_id}
    columns = draw(st.permutations(["id", "title", "description", "price", "option1_name", "option1_value"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text, delimiter = io.StringIO(), draw(st.sampled_from(",;\t"))
    how: Any = {"delimiter": delimiter, "lineterminator": end, "quoting": csv.QUOTE_ALL}
    writer = csv.DictWriter(text, columns, "", **how)
    writer.writeheader()
    writer.writerows(rows)
    written = text.getvalue() if draw(st.booleans()) else text.getvalue().removesuffix(end)
    return products, ENCODINGS[encoding] + written.encode(encoding.strip())


@given(files(), st.data())
def test_what_a_program_writes_is_what_is_read(file: tuple[Rows, bytes], data: st.DataObject) -> None:
    products, content = file
    expected = in_json(*products)
    assert read(content) == expected
    # A file that is cut off has only whole products.
    found = reading(content[: data.draw(st.integers(0, len(content) - 1))], is_cut_off=True)
    assert found.error in {CUT_OFF, "the file is empty"}  # only the mark of its encoding may be left
    assert found.rows == expected[: len(found.rows)]
    assert len(found.rows) < len(products)
