"""The dashboard: pages for the owner of a shop, below `/dashboard` of the local app."""

from litestar.handlers import HTTPRouteHandler

from infra.dashboard import (
    assets,
    customers,
    data,
    experiments,
    keys,
    overview,
    product_rules,
    products,
    results,
    rules,
    signing_in,
    undo,
)

DASHBOARD_ROUTES: tuple[HTTPRouteHandler, ...] = (
    assets.asset,
    signing_in.sign_in_page, signing_in.sign_in, signing_in.sign_out,
    overview.overview_page,
    customers.customers_page, customers.customer_page,
    products.products_page, products.product_page,
    rules.rules_page, rules.new_rule_page, rules.rule_page, rules.preview_rule, rules.save_typed, rules.change_rule,
    undo.undo_change, product_rules.press,
    results.results_page, experiments.experiment_page, experiments.change_experiment,
    data.data_page, data.check_file, data.upload_page, data.refused_lines, data.import_upload, data.discard_upload,
    data.export_person, data.erase_person,
    keys.keys_page,
)  # fmt: skip
"""Every page and form; each declares its access, as all routes do."""
