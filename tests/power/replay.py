"""Replay the recorded statements, and check the database after each power cut."""

import sqlite3
from contextlib import closing

import apsw
from msgspec import Struct

from tests.power.disk import LoggingVfs, cuts
from tests.power.recording import Acknowledged

STATE = (
    "SELECT (SELECT COUNT(*) FROM product_catalog), (SELECT COUNT(attributes) FROM product_catalog),"
    " (SELECT COUNT(*) FROM product_aliases), (SELECT COUNT(*) FROM customer_profiles),"
    " (SELECT SUM(version) FROM customer_profiles), (SELECT COUNT(*) FROM customer_addresses),"
    " (SELECT COUNT(*) FROM customer_segments), (SELECT COUNT(*) FROM browsing_history),"
    " (SELECT COUNT(*) FROM purchase_history),"
    " (SELECT COUNT(*) FROM browsing_history WHERE event_type LIKE '%taken_back'),"
    " (SELECT SUM(quantity) FROM purchase_history),"
    " (SELECT COUNT(*) FROM order_amendments), (SELECT SUM(profiling) FROM customer_profiles),"
    " (SELECT SUM(is_default) FROM customer_addresses),"
    " (SELECT COUNT(*) FROM customer_recommendations),"
    " (SELECT SUM(customer_version) FROM customer_recommendations), (SELECT COUNT(*) FROM customer_histories),"
    " (SELECT SUM(version) FROM customer_histories), (SELECT COUNT(*) FROM product_neighbours),"
    " (SELECT COUNT(*) FROM audit_log), (SELECT COUNT(*) FROM order_returns), (SELECT COUNT(*) FROM import_changes),"
    " (SELECT COUNT(*) FROM order_amendments WHERE customer_id = 'c-1'),"
    " (SELECT COUNT(*) FROM order_returns WHERE customer_id = 'c-1'),"
    " (SELECT COUNT(*) FROM import_changes WHERE customer_id = 'c-1'),"
    " (SELECT COUNT(*) FROM merged_guests), (SELECT COUNT(*) FROM browsing_history WHERE customer_id = 'c-1'),"
    " (SELECT COUNT(*) FROM recommendation_models), catalogue_version, training_holder IS NULL,"
    " (SELECT COUNT(*) FROM product_neighbours n WHERE n.model_id = s.model_id), model_id = 'untrained' FROM shop_state s"
)


class Replay(Struct):
    """Disk operations, mixed with the indexes of acknowledged states, and the state after each transaction."""

    log: list
    states: list


class CutCounts(Struct):
    """Power cuts, and those after which acknowledged data is lost, a transaction is incomplete, or the file is damaged."""

    cuts: int = 0
    lost: int = 0
    incomplete: int = 0
    damaged: int = 0


def replay(recording, database, *, replacements=None):
    """Run a recording on a logged file; `replacements` exchanges statements by their text."""
    log, states = [], [None]
    vfs = LoggingVfs(log)
    with closing(apsw.Connection(str(database), vfs="logging")) as connection:
        reader = apsw.Connection(str(database), vfs="logging")
        for statement in recording:
            if isinstance(statement, Acknowledged):
                # Inside a transaction, its result is acknowledged; outside, the current state.
                log.append(len(states) - 1 + connection.in_transaction)
                continue
            for _ in connection.execute((replacements or {}).get(statement, statement)):
                pass
            if not connection.in_transaction:
                states.append(state_of(lambda sql: reader.execute(sql).fetchone(), apsw.SQLError))
        reader.close()
        # Closing writes to the files; a power cut comes before.
        n_operations = len(log)
    vfs.unregister()
    return Replay(log=log[:n_operations], states=states)


def state_of(query, no_table_error):
    """Return the counts of all tables; None before the tables exist."""
    try:
        return query(STATE)
    except no_table_error:
        return None


def check_cuts(replayed, folder, *, n, seed):
    """Cut the power `n` times; after each cut, all that was acknowledged must be there, and no part of a transaction."""
    counts = CutCounts()
    index_of = {state: index for index, state in enumerate(replayed.states)}
    acknowledged, previous = 0, 0
    for position, files in cuts(replayed.log, n=n, seed=seed):
        acknowledged = max([acknowledged, *(mark for mark in replayed.log[previous:position] if isinstance(mark, int))])
        previous = position
        counts.cuts += 1
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (folder / name.rpartition("/")[2]).write_bytes(content)
        try:
            state = _recovered_state(folder / "shop.db")
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            # A message about damaged pages can contain them.
            counts.damaged += 1
            continue
        if state not in index_of:
            counts.incomplete += 1
        elif index_of[state] < acknowledged:
            counts.lost += 1
    return counts


def _recovered_state(database):
    with closing(sqlite3.connect(database)) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchall()
        if integrity != [("ok",)]:
            raise sqlite3.DatabaseError(integrity)
        return state_of(lambda sql: connection.execute(sql).fetchone(), sqlite3.OperationalError)
