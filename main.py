"""The local app with all endpoints, and the command line.

`main:app` is the ASGI application. `python main.py` serves it, with `--demo` that of `main:demo_app`, and
`python main.py --help` lists all commands.
"""

import os
import signal
import sys

from litestar.handlers import HTTPRouteHandler

from functions.browser.recommend_js import recommend_js
from functions.customer.add_address import add_address
from functions.customer.amend_order import amend_order
from functions.customer.create import create
from functions.customer.erase import erase
from functions.customer.export import export
from functions.customer.get_profile import get_profile
from functions.customer.issue_token import issue_token
from functions.customer.merge import merge
from functions.customer.remove_address import remove_address
from functions.customer.update import update as update_customer
from functions.customer.update_behavior import update_behavior
from functions.experiments.list import list_experiments
from functions.experiments.remove import remove_experiment
from functions.experiments.report import report_experiment
from functions.experiments.save import save_experiment
from functions.products.bought_together import bought_together
from functions.products.get_product import get_product
from functions.products.new import new
from functions.products.popular import popular
from functions.products.similar import similar
from functions.products.trending import trending
from functions.products.update import update as update_products
from functions.recommendations.buy_again import buy_again
from functions.recommendations.for_customer import for_customer
from functions.recommendations.for_page import for_page
from functions.recommendations.process_browsing import process_browsing
from functions.recommendations.process_purchase import process_purchase
from functions.recommendations.recently_viewed import recently_viewed
from functions.recommendations.record_impressions import record_impressions
from functions.recommendations.why_not import why_not
from functions.reports.health_of_data import health_of_data
from functions.reports.placements import placements
from functions.rules.list import list_rules
from functions.rules.preview import preview_rule
from functions.rules.remove import remove_rule
from functions.rules.save import save_rule
from infra.background.gc import tune_gc
from infra.background.retention import purge_when_due
from infra.background.training import train_when_due
from infra.dashboard import DASHBOARD_ROUTES
from infra.dashboard.uploads import remove_old_uploads
from infra.demo.pictures import PICTURE_POLICY, PICTURES_PATH, picture
from infra.http.app import ShopApplication, create_app
from infra.http.health import health, live, ready
from infra.http.openapi import documentation
from infra.http.pictures import pictures

ENDPOINTS = (
    create, update_customer, add_address, remove_address, amend_order, get_profile, update_behavior, export, erase, merge,
    issue_token, for_customer, buy_again, recently_viewed, for_page, process_browsing, process_purchase,
    record_impressions, why_not, update_products, get_product, similar, bought_together, popular, trending, new,
    save_rule, list_rules, remove_rule, preview_rule, save_experiment, list_experiments, remove_experiment,
    report_experiment, placements, health_of_data, health, live, ready,
)  # fmt: skip


def local_app(*others: HTTPRouteHandler) -> ShopApplication:
    """Return the application of all endpoints, their documentation, the script for pages, the dashboard, and `others`."""
    routes = (*ENDPOINTS, *documentation(*ENDPOINTS), recommend_js, *DASHBOARD_ROUTES, *others)
    return create_app(*routes, background=[train_when_due, purge_when_due, remove_old_uploads, tune_gc], waits=True)


def demo_app() -> ShopApplication:
    """Return the application that also serves the pictures of the demo shop."""
    return local_app(pictures(PICTURES_PATH, picture, policy=PICTURE_POLICY))


app = local_app()

if __name__ == "__main__":
    from infra.cli import INTERRUPTED, run

    # SIGTERM ends a command as Ctrl-C does: in order.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: signal.raise_signal(signal.SIGINT))
    exit_code = run(sys.argv[1:])
    if exit_code == INTERRUPTED:
        # A normal exit waits for the threads of an interrupted training.
        os._exit(exit_code)
    sys.exit(exit_code)
