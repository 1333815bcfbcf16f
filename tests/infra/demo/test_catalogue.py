"""The catalogue of the demo shop has what shops have: variants, attributes, stock, new and withdrawn products, pictures."""

from collections import defaultdict
from datetime import timedelta
from random import Random

import pytest
from msgspec import UNSET

from infra.demo.catalogue import catalogue
from infra.demo.complements import COMPLEMENTS
from infra.demo.generate import SEED
from infra.demo.kinds import CATEGORIES
from infra.demo.pictures import PICTURES_PATH, picture
from tests.conftest import NOW


@pytest.fixture(scope="module")
def products():
    return catalogue(Random(SEED), now=NOW)


def groups_of(products):
    groups = defaultdict(list)
    for product in products:
        parent = product.change.variant_of
        groups[product.product_id if parent is UNSET else parent].append(product)
    return list(groups.values())


def test_variants_name_a_product_of_the_same_kind_and_brand(products):
    by_id = {product.product_id: product for product in products}
    variants = [product for product in products if product.change.variant_of is not UNSET]

    assert len(variants) > 100
    for variant in variants:
        parent = by_id[variant.change.variant_of]
        assert parent.change.variant_of is UNSET
        assert (variant.kind, variant.tier, variant.change.brand) == (parent.kind, parent.tier, parent.change.brand)


def test_variants_of_one_product_differ_in_a_colour_or_a_size_which_their_names_tell(products):
    for group in groups_of(products):
        if len(group) == 1:
            continue
        chosen = {(product.attributes.get("colour"), product.attributes.get("size")) for product in group}
        assert len(chosen) == len(group)
        assert all(product.change.name.rpartition(", ")[2] in product.attributes.values() for product in group)


def test_clothes_cost_the_same_in_every_size_and_larger_packages_cost_more(products):
    prices = {product.change.name: product.price for product in products}

    assert prices["Alpina rain jacket, S"] == prices["Alpina rain jacket, L"]
    assert 3 < prices["Finca house espresso, 1 kg"] / prices["Finca house espresso, 250 g"] < 4


def test_attributes_are_colour_size_and_material_as_far_as_a_product_has_them(products):
    attributes = {product.change.name: product.attributes for product in products}

    assert attributes["Trailhead head lamp, charcoal"] == {"colour": "charcoal", "material": "aluminium"}
    assert attributes["Alpina rain jacket, M"] == {"colour": "rust", "size": "M", "material": "nylon"}
    assert attributes["Finca house espresso, 1 kg"] == {"size": "1 kg"}
    assert attributes["Florena rose bush"] == {}


def test_some_products_are_new_some_withdrawn_and_some_out_of_stock(products):
    n_groups = len(groups_of(products))
    n_new = sum(product.created_at > NOW - timedelta(days=15) for product in products)
    n_without_stock = sum(product.change.in_stock is False for product in products)
    n_withdrawn = sum(product.change.withdrawn is True and product.change.variant_of is UNSET for product in products)

    assert 10 <= n_new <= 0.1 * len(products)
    assert 0.02 * len(products) <= n_without_stock <= 0.08 * len(products)
    assert 0 < n_withdrawn <= 0.05 * n_groups


def test_every_product_has_a_page_and_a_picture_that_exists(products):
    for product in products:
        folder, _, file = product.change.image_url.rpartition("/")
        assert folder == PICTURES_PATH
        assert picture(file.removesuffix(".svg")) is not None
        assert product.change.url == f"https://shop.example/products/{product.product_id}"


def test_the_brands_of_a_kind_have_different_pictures(products):
    pictures = defaultdict(set)
    for product in products:
        pictures[product.kind].add(product.change.image_url)

    assert all(len(urls) >= 3 for urls in pictures.values())


def test_complements_are_kinds_of_the_catalogue():
    kinds = {kind for category in CATEGORIES.values() for kind in category.kinds}

    assert COMPLEMENTS.keys() <= kinds
    assert all(set(others) <= kinds - {kind} for kind, others in COMPLEMENTS.items())
