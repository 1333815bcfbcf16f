"""A demo shop from a seeded generator: the same seed and instant always produce the same shop."""

from infra.demo.generate import DemoShop, demo_shop
from infra.demo.loading import load_demo_shop, prepare_demo_shop

__all__ = ["DemoShop", "demo_shop", "load_demo_shop", "prepare_demo_shop"]
