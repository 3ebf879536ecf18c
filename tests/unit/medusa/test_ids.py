"""Ids of our own: some follow from what they are for, others from the time."""

from medusa_sync.medusa.operations import new_id, new_product_id, new_variant_id, own_id

ULID = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_an_id_of_our_own_is_always_the_same_and_looks_like_those_of_medusa() -> None:
    """Another one would make a new version create products again that an old one has created."""
    assert own_id("prod", "dummyjson:1", "0") == "prod_00000000005GMQ9XE09G7AQNHC"
    for parts in (("",), ("ж 香", "0"), ("x" * 1000, "y")):
        prefix, _, letters = own_id("prod", *parts).partition("_")
        assert (prefix, len(letters), set(letters) <= ULID) == ("prod", 26, True)


def test_an_id_of_our_own_follows_from_each_part_and_sorts_first() -> None:
    parts = [("a", "b"), ("a", "c"), ("b", "b"), ("ab",), ("ab", ""), ("", "ab"), ("b", "a")]
    ids = {own_id("prod", *each) for each in parts}
    assert len(ids) == len(parts)
    assert max(ids) < new_id("prod")


def test_each_generation_of_a_product_has_its_own_ids() -> None:
    products = [new_product_id(own, number) for own in ("dummyjson:1", "dummyjson:2") for number in range(3)]
    variants = [new_variant_id(product, key) for product in products for key in ("", "S", "M")]
    assert len({*products, *variants}) == len(products) + len(variants)
    assert {each.partition("_")[0] for each in variants} == {"variant"}
