# What all maps can use.

# Nothing instead of null or an empty text.
def filled: select(. != null and . != "");

# A number with a decimal comma, such as "12,5"; 1,250 stays a text, because it may be 1250.
def decimal: filled | if type == "string" and test("^[0-9]+,[0-9]{1,2}$") then sub(","; ".") else . end;

# The same with spaces between thousands, such as "1 990,50".
def spaced: filled | if type == "string" then gsub("[\\s\u00a0]"; "") | decimal else . end;

# Kilograms in grams.
def grams: spaced | (tonumber? | . * 1000000 | round / 1000) // .;

# The weight that an element of XML has, in grams; without an attribute `unit`, it is in this one. In a unit that
# is not known, it stays a text, which is not used.
def weight_in($usual):
  (.["@unit"]? // $usual) as $unit
  | .["#text"]? // .
  | if $unit | test("^(kgs?|кг)[.]?$"; "i") then grams
    elif $unit | test("^(gr?[.]?|gramm?.*|гр?[.]?|грамм?.*)$"; "i") then spaced
    else "\(filled) \($unit)" end;

# A price, unless it is not below this one.
def below($full): select([., $full] | map(spaced | tonumber?) | length < 2 or .[0] < .[1]);

# Rounded to two decimals, as written: 1.005 is 1.01, although it is kept as 1.00499999999999989.
def round2: . * 100 * 1.000000000000002 | round / 100;

# The paths of all prices of a product and its variants, for `amounts |= (. * 1.2 | round2)`.
def amounts: (., .variants[]?)
  | (.price, .compareAtPrice, .salePrice, (.prices | (objects | .[]), (arrays | .[].amount))) | numbers;

# The paths of all its stock, for `stocks |= ([. - 2, 0] | max)`.
def stocks: (., .variants[]?) | .stock | numbers, (objects | .[] | numbers);

# A stock such as "12.0" as a whole number; it is 0 if more were sold than there were.
def count: (tonumber? | [floor, 0] | max) // .;

# The days that a text may mean: one for "2026-02-15 10:00" and "15.2.26", maybe two for "2/3/26".
def days:
  [(capture("^(?<y>[0-9]{4})-(?<a>[0-9]{2})-(?<b>[0-9]{2})") | [.y, .a, .b]),
    (capture("^(?<a>[0-9]{1,2})(?<mark>[/.])(?<b>[0-9]{1,2})[/.](20)?(?<y>[0-9]{2})(?![0-9])")
      | ["20" + .y, .b, .a], (select(.mark == "/") | ["20" + .y, .a, .b]))
    | select(.[1] | tonumber <= 12) | map(if length == 1 then "0" + . else . end) | join("-")];

# Whether today, in UTC, is in a period; without its start or end, it has none. One that is no date has begun,
# or is over.
def applies($from; $to):
  def is_none: . == null or . == "" or startswith("0000");
  ($from | is_none or (days | all(. <= today)))
  and ($to | is_none or (days | . != [] and all(. >= today)));

# In place of a product: why an item gives none. The result counts the reasons.
def left_out($reason): {leftOut: $reason};

# Everything with URLs in place of paths of images, such as "/images/a.jpg", below this one.
def under($base):
  def url:
    if startswith("//") then "https:" + .
    elif test("^([^:?#]*\\.(jpe?g|png|webp|gif|avif|svg|bmp|tiff?)|/(?!9j/)[^\\s:]{1,300})$"; "i")
    then ($base | rtrimstr("/")) + "/" + (ltrimstr(" ") | sub("^(\\.{0,2}/)+"; "")) else . end;
  walk(if type == "string" then split("|") | map(url) | join("|") else . end);

# Each member of an array, or the value itself: an element of XML that is not repeated is no array.
def list: if type == "array" then .[] else filled end;

# An object of `{key, value}`, such as the parameters of XML; different values of the same key are joined.
def joined:
  reduce .[] as {$key, $value} ({}; .[$key] += ([$value] - (.[$key] // [])))
  | map_values(if length == 1 then .[0] else map(filled) | join(", ") end);

# A text with HTML entities, such as "Bags &amp; Belts". Names that are not known stay.
def plain:
  def character:
    if . < 1 or . > 1114111 or (. >= 55296 and . <= 57343) then "\ufffd" else [.] | implode end;
  def digits: explode | map(if . > 96 then . - 87 elif . > 64 then . - 55 else . - 48 end);
  def named:
    {lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: " ", amp: "&", ndash: "–", mdash: "—", hellip: "…",
      lsquo: "‘", rsquo: "’", sbquo: "‚", ldquo: "“", rdquo: "”", bdquo: "„", laquo: "«", raquo: "»",
      euro: "€", pound: "£", copy: "©", reg: "®", trade: "™", deg: "°", times: "×", bull: "•", middot: "·",
      frac12: "½", szlig: "ß", Auml: "Ä", auml: "ä", Euml: "Ë", euml: "ë", Iuml: "Ï", iuml: "ï", Ouml: "Ö",
      ouml: "ö", Uuml: "Ü", uuml: "ü", Aacute: "Á", aacute: "á", Eacute: "É", eacute: "é", Iacute: "Í",
      iacute: "í", Oacute: "Ó", oacute: "ó", Uacute: "Ú", uacute: "ú", Agrave: "À", agrave: "à", Egrave: "È",
      egrave: "è", ugrave: "ù", Acirc: "Â", acirc: "â", Ecirc: "Ê", ecirc: "ê", icirc: "î", ocirc: "ô",
      ucirc: "û", Ccedil: "Ç", ccedil: "ç", Ntilde: "Ñ", ntilde: "ñ", Aring: "Å", aring: "å", AElig: "Æ",
      aelig: "æ", Oslash: "Ø", oslash: "ø", oelig: "œ"}[.];
  if type == "string" and contains("&") then
    gsub("&(#(?<code>[0-9]{1,7})|#[xX](?<hex>[0-9a-fA-F]{1,6})|(?<name>[A-Za-z]{2,6}[0-9]{0,2}));";
      if .code then .code | tonumber | character
      elif .hex then reduce (.hex | digits[]) as $digit (0; . * 16 + $digit) | character
      else .name as $name | $name | named // "&\($name);" end)
  else . end;

# A product whose texts are plain wherever customers read them; HTML stays, and so does a description.
def texts:
  if type == "array" then map(texts)
  elif type == "object" then with_entries((.key, .value) |= texts)
  elif type == "string" and (test("</?[a-z]"; "i") | not) then plain
  else . end;
def shown:
  if type == "object" then with_entries(
    if .key == "variants" then (.value | arrays) |= map(shown)
    elif IN(.key; "title", "subtitle", "brand", "type", "collection", "material", "categories", "tags",
      "options", "metadata", "translations") then .value |= texts
    else . end)
  else . end;

# `size=M,color=Red` as an object; a value may have commas, or be in quotes.
def pairs:
  reduce (. // "" | split(",")[]) as $part ([];
    if $part | contains("=") then . + [$part] elif . != [] then .[-1] += ",\($part)" else . end)
  | map(split("=") | {key: .[0] | ltrimstr(" "), value: .[1:] | join("=") | ltrimstr("\"") | rtrimstr("\"")})
  | from_entries;
