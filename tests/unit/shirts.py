"""Builders for products with options and variants."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record, applied
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import desired_product

# --- the source -----------------------------------------------------------------------------------------


def piece(values: Mapping[str, Any], /, **changes: Any) -> dict[str, Any]:
    """A variant as the source delivers it, without the fields that are set to `ABSENT`."""
    name = "-".join(map(str, values.values()))
    default = {"id": f"3-{name}", "sku": f"SH-{name}", "price": 20, "stock": 4, "options": dict(values)}
    return {name: value for name, value in (default | changes).items() if value is not ABSENT}


def size(name: str, /, **changes: Any) -> dict[str, Any]:
    """A variant with one option."""
    return piece({"Size": name}, **changes)


def shirt_row(*variants: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """What `row` needs to be a product with these variants."""
    of_single = dict.fromkeys(("sku", "stock", "price", "meta"), ABSENT)
    return of_single | {"variants": list(variants)} | changes


def shirt(*variants: Mapping[str, Any], number: int = 3, **changes: Any) -> DesiredProduct:
    """A product with these variants, as the store should hold it."""
    return desired_product(number, **shirt_row(*variants, **changes))


def shirt_of(*names: str, **changes: Any) -> DesiredProduct:
    """A product in these sizes; `changes` are those of all its variants."""
    return shirt(*(size(name, **changes) for name in names))


# --- the store ------------------------------------------------------------------------------------------


def option_id(name: str) -> str:
    return f"opt_{name}"


def variant_id(key: str) -> str:
    return f"variant_{key}"


def record_of(desired: DesiredProduct) -> Record:
    """The record of a complete product."""
    return applied(
        desired,
        variants={each.key: variant_id(each.key) for each in desired.variants},
        options={name: option_id(name) for name in desired.options},
    )


# --- any shirt ------------------------------------------------------------------------------------------

_AMOUNTS: Final = st.integers(0, 10**6) | st.floats(0, 1e6)
_OPTIONAL: Final = {
    "barcode": st.uuids().map(str),
    "stock": st.integers(0, 100),
    "weight": _AMOUNTS,
    "prices": st.dictionaries(st.sampled_from(["eur", "gbp", "jpy"]), _AMOUNTS),
    "title": st.sampled_from(["A shirt", "x" * 50]),
}


@st.composite
def shirts(draw: st.DrawFn) -> DesiredProduct:
    """A product with up to six variants and two options, whose identities may be ids, SKUs or values."""
    names = draw(st.lists(st.sampled_from(["Size", "Colour", "Länge"]), min_size=1, max_size=2, unique=True))
    one_value = st.sampled_from(["S", "M", "L", "3", "x" * 50])
    values = draw(st.lists(st.tuples(*(one_value for _ in names)), min_size=1, max_size=6, unique=True))
    rows = []
    for number, each in enumerate(values):
        more = draw(st.fixed_dictionaries({}, optional=_OPTIONAL))
        identity: Any = draw(
            st.sampled_from([ABSENT, number + 100, f"{number}:a,b", "0" * 150 + str(number)])
        )
        sku: Any = draw(st.sampled_from([ABSENT, f"SKU {number}", f"{number}" * 50]))
        rows.append(
            piece(
                dict(zip(names, each, strict=True)), **{"stock": ABSENT, **more, "id": identity, "sku": sku}
            )
        )
    return shirt(*rows, options=draw(st.sampled_from([names, ABSENT])))
