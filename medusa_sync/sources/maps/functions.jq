# What all maps can use.

# Nothing instead of null or an empty text.
def filled: select(. != null and . != "");

# A number with a decimal comma, such as "12,5"; 1,250 stays a text, because it may be 1250.
def decimal: filled | if type == "string" and test("^[0-9]+,[0-9]{1,2}$") then sub(","; ".") else . end;

# The same with spaces between thousands, such as "1 990,50".
def spaced: filled | if type == "string" then gsub("[\\s\u00a0]"; "") | decimal else . end;

# Kilograms in grams.
def grams: spaced | (tonumber? | . * 1000000 | round / 1000) // .;

# A stock such as "12.0" as a whole number; it is 0 if more were sold than there were.
def count: (tonumber? | [floor, 0] | max) // .;

# Each member of an array, or the value itself: an element of XML that is not repeated is no array.
def list: if type == "array" then .[] else filled end;

# A text with HTML entities, such as "Bags &amp; Belts".
def plain:
  if type == "string" and contains("&") then
    gsub("&#(?<code>[0-9]{1,6});"; [.code | tonumber] | implode)
    | gsub("&(?<name>lt|gt|quot|apos|nbsp|amp);";
        {lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: " ", amp: "&"}[.name])
  else . end;

# `size=M,color=Red` as an object; a value may have commas, or be in quotes.
def pairs:
  reduce (. // "" | split(",")[]) as $part ([];
    if $part | contains("=") then . + [$part] elif . != [] then .[-1] += ",\($part)" else . end)
  | map(split("=") | {key: .[0] | ltrimstr(" "), value: .[1:] | join("=") | ltrimstr("\"") | rtrimstr("\"")})
  | from_entries;
