# The products of prom.ua as CSV or Excel, with Russian or Ukrainian names of columns. Products with the same
# group of variants (`ID_группы_разновидностей`) are one. Discounts count on their days.
# group: (.["ID_группы_разновидностей", "ID_групи_різновидів"] | filled) // ("\(.["Уникальный_идентификатор"] // .["Унікальний_ідентифікатор"] // "") \(.["Код_товара"] // .["Код_товару"] // "") \(.["Название_позиции"] // .["Назва_позиції"])")

def of(names): first(.[names] | filled) // null;
def several(names): of(names) // "" | split(",")[] | ltrimstr(" ") | filled;
def id: of("Уникальный_идентификатор", "Унікальний_ідентифікатор", "Идентификатор_товара",
  "Ідентифікатор_товару", "Код_товара", "Код_товару");
def group: of("ID_группы_разновидностей", "ID_групи_різновидів");

# `10%`, or an amount.
def reduced($price):
  of("Скидка", "Знижка") as $off
  | ($price | spaced? | tonumber?) as $full
  | if $off == null or (applies(of("Cрок действия скидки от", "Термін_дії_знижки_від");
      of("Cрок действия скидки до", "Термін_дії_знижки_до")) | not) then null
    else ($off | rtrimstr("%") | spaced | tonumber?) as $number
      | (if $off | endswith("%") then $full * (100 - $number) / 100 else $full - $number end) | round2 end;

(length > 1) as $is_group
| .[0] as $product
| {
    id: ($product | group // id),
    title: ($product | of("Название_позиции", "Назва_позиції", "Назва_позиції_укр")),
    description: ($product | of("Описание", "Опис", "Опис_укр")),
    brand: ($product | of("Производитель", "Виробник")),
    categories: [$product | of("Название_группы", "Назва_групи") | filled | [.]],
    tags: [$product | several("Поисковые_запросы", "Пошукові_запити")],
    images: [.[] | several("Ссылка_изображения", "Посилання_зображення")],
    variants: [
      .[]
      | of("Цена", "Ціна") as $price
      | of("Наличие", "Наявність") as $in
      | {
          id: id,
          sku: of("Код_товара", "Код_товару"),
          barcode: of("Код_маркировки_(GTIN)", "Код_маркування_(GTIN)"),
          prices: {(of("Валюта") // "UAH" | ascii_downcase): $price},
          salePrice: first(reduced($price), null),
          stock: (if $in == "-" then 0 else of("Количество", "Кількість") | count end),
          weight: ((of("Вага,кг", "Вес,кг") | grams) // null),
          options: (if $is_group then
            {(of("Название_Характеристики", "Назва_Характеристики") // "Позиція"):
              (of("Значение_Характеристики", "Значення_Характеристики")
                // of("Название_позиции", "Назва_позиції"))}
            else {} end)
        }
    ]
  }
| shown
