"""Files to import, the command that imports them, and what the database then holds."""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.canaries import search_later
from tests.system.server import ROOT, url_of

N_LINES = int(os.environ.get("IMPORT_LINES", "9000"))
"""The lines of a file; IMPORT_LINES=50000 gives a kill more moments to hit."""
TABLES = {
    "product_catalog": "product_id, name, category, price, in_stock, withdrawn, variant_of",
    "product_aliases": "alias, product_id",
    "customer_profiles": "customer_id, email, is_guest",
    "browsing_history": "event_id, customer_id, product_id, event_type, occurred_at",
    "purchase_history": "order_id, line, customer_id, product_id, quantity, unit_price, occurred_at",
    "order_returns": "customer_id, return_id, occurred_at, content, orders",
}
"""What two imports of the same files must agree in: all but when and by which import a row was stored."""


def write_products(path, n_lines=N_LINES):
    with path.open("w") as file:
        file.write("product_id,name,category,price,in_stock,aliases\n")
        for number in range(n_lines):
            # Two lines are one product.
            file.write(f"p-{number // 2},Lamp {number // 2},home/lamps,{number % 97}.5,{number % 3},sku-{number}\n")
    return path


def write_events(path, n_lines=N_LINES, *, seed=1):
    rng, began_at = random.Random(seed), datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w") as file:
        file.write("customer_id,product_id,event_type,occurred_at\n")
        for number in range(n_lines):
            event_type = rng.choice(["view", "view", "cart", "wishlist", "purchase"])
            at = began_at + timedelta(seconds=60 * number)
            file.write(f"c-{rng.randrange(2000)},p-{rng.randrange(500)},{event_type},{at.isoformat()}\n")
    return path


def write_orders(path, n_lines=N_LINES, *, seed=1):
    """Write orders of three lines; of each twenty one takes back what an earlier one bought, and one is cancelled."""
    rng, began_at = random.Random(seed), datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w") as file:
        file.write("order_id,customer_id,product_id,quantity,unit_price,occurred_at,status\n")
        for number in range(n_lines // 3):
            customer, at = f"c-{number % 101}", (began_at + timedelta(minutes=number)).isoformat()
            sign, status = -1 if number % 20 == 19 else 1, "cancelled" if number % 20 == 7 else "paid"
            for line in range(3):
                # Every customer buys the same products in every order, so that returns find a purchase.
                product = f"p-{(number % 101 * 7 + line) % 500}"
                file.write(f"o-{number},{customer},{product},{sign * rng.randint(1, 3)},9.95,{at},{status}\n")
    return path


WRITERS = {"products": write_products, "events": write_events, "orders": write_orders}


def command_of(kind, *paths, options=("--create-products",)):
    options = options if kind in {"events", "orders"} else ()
    return [sys.executable, "main.py", "import", kind, *map(str, paths), *options, "--no-train"]


def environment_of(database, folder, **settings):
    """Return the environment of a command whose temporary files are in `folder`."""
    folder.mkdir(exist_ok=True)
    return os.environ | {"DATABASE_URL": url_of(database), "TMPDIR": str(folder), "LOG_LEVEL": "WARNING"} | settings


def run_import(kind, *paths, database, folder, options=("--create-products",), stdin=subprocess.DEVNULL, **settings):
    """Import and return the finished process."""
    return subprocess.run(
        command_of(kind, *paths, options=options),
        cwd=ROOT,
        env=environment_of(database, folder, **settings),
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class RunningImport:
    """An import in a process of its own, which can be waited for, killed and interrupted."""

    def __init__(self, kind, *paths, database, folder, command=None, stdin=subprocess.DEVNULL, **settings):
        self._output = Path(folder).with_suffix(".output")
        self.folder, self.database = folder, database
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command or command_of(kind, *paths),
                cwd=ROOT,
                env=environment_of(database, folder, **settings),
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def staged_bytes(self):
        return sum(path.stat().st_size for path in self.folder.glob("*.files/*"))

    def end(self, signal):
        """Send a signal and return the exit code."""
        self.process.send_signal(signal)
        return self.wait()

    def wait(self):
        code = self.process.wait(timeout=120)
        search_later(self.output())
        return code

    def output(self):
        return self._output.read_text()


def n_rows(database, table):
    """Return the number of rows of a table, 0 if there is none yet."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def content_of(database):
    """Return all rows of the tables of TABLES, sorted; and check that the database is not damaged."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}"), key=str) for table, columns in TABLES.items()
        }
