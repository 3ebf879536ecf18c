# The CSV export of WooCommerce with a product for each language, as Polylang and WPML write it. The first one
# of a group, or with WPML the one that is no translation, is the product; the others have its texts.
# uses: woocommerce-csv
# group: def f($n): .[$n] | filled; if .Type | test("variation"; "i") then f("Parent") else f("SKU"), "id:\(f("ID"))", "group:\(f("Translation group", "Meta: _wpml_import_translation_group"))" end

def language: first(.Language, .["Meta: _wpml_import_language_code"] | filled) // "";

# The locale of a language: that of its largest country, as far as this knows it.
def locale:
  {en: "US", cs: "CZ", da: "DK", sv: "SE", el: "GR", uk: "UA", ja: "JP", ko: "KR", zh: "CN", ar: "SA",
    he: "IL", nb: "NO", sl: "SI", et: "EE", vi: "VN", hi: "IN", fa: "IR", sr: "RS", ca: "ES"} as $countries
  | gsub("_"; "-") | if contains("-") then . else "\(.)-\($countries[.] // ascii_upcase)" end;

[.[] | select(.Type | test("variation"; "i") | not)] as $products
| (first($products[] | select((.["Meta: _wpml_import_source_language_code"] // "") == ""))
  // $products[0]) as $product
| ($product // error("its product is not in the file") | language) as $own
| (.[] | select(language == $own) | woocommerce_csv),
  ($product | woocommerce_csv | select(.id) | {
    id,
    translations: ([$products[] | select(language != $own) | {
      key: (language | locale), value: (woocommerce_csv | {title, description} | map_values(filled))
    }] | from_entries)
  })
| shown
