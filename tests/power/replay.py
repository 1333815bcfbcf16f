"""Say the recorded statements to SQLite again, and judge what each cut leaves."""

import sqlite3
from contextlib import closing

import apsw
from msgspec import Struct

from tests.power.disk import Watched, cuts
from tests.power.recording import Acknowledged

STATE = (
    "SELECT (SELECT COUNT(*) FROM product_catalog), (SELECT COUNT(*) FROM customer_profiles),"
    " (SELECT SUM(version) FROM customer_profiles), (SELECT COUNT(*) FROM customer_addresses),"
    " (SELECT COUNT(*) FROM customer_segments), (SELECT COUNT(*) FROM browsing_history),"
    " (SELECT COUNT(*) FROM purchase_history), (SELECT COUNT(*) FROM customer_recommendations),"
    " (SELECT SUM(customer_version) FROM customer_recommendations), (SELECT COUNT(*) FROM product_neighbours),"
    " (SELECT COUNT(*) FROM recommendation_models), catalogue_version, training_holder IS NULL,"
    " (SELECT COUNT(*) FROM product_neighbours n WHERE n.model_id = s.model_id), model_id = 'untrained' FROM shop_state s"
)


class Replay(Struct):
    """What came to the disk, the number of a state wherever it was acknowledged, and the state after each transaction."""

    log: list
    states: list


class Verdict(Struct):
    cuts: int = 0
    lost: int = 0
    halved: int = 0
    damaged: int = 0


def replayed(said, database, *, instead=None):
    """Run a recording on a watched file; `instead` puts other statements in the place of some."""
    log, states = [], [None]
    watched = Watched(log)
    with closing(apsw.Connection(str(database), vfs="watched")) as connection:
        looking = apsw.Connection(str(database), vfs="watched")
        for statement in said:
            if isinstance(statement, Acknowledged):
                # In a transaction, its outcome is promised; before, what is there.
                log.append(len(states) - 1 + connection.in_transaction)
                continue
            for _ in connection.execute((instead or {}).get(statement, statement)):
                pass
            if not connection.in_transaction:
                states.append(state_of(lambda sql: looking.execute(sql).fetchone(), apsw.SQLError))
        looking.close()
        # Closing tidies up; no power cut lets it.
        ended = len(log)
    watched.unregister()
    return Replay(log=log[:ended], states=states)


def state_of(ask, absent):
    """Count what there is; None before there are tables."""
    try:
        return ask(STATE)
    except absent:
        return None


def judged(replay, folder, *, n, seed):
    """Cut the power `n` times and judge each: what was acknowledged is there, and nothing by halves."""
    verdict = Verdict()
    last_of = {state: number for number, state in enumerate(replay.states)}
    acknowledged, looked_at = 0, 0
    for place, files in cuts(replay.log, n=n, seed=seed):
        acknowledged = max([acknowledged, *(mark for mark in replay.log[looked_at:place] if isinstance(mark, int))])
        looked_at = place
        verdict.cuts += 1
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (folder / name.rpartition("/")[2]).write_bytes(content)
        try:
            found = _found(folder / "shop.db")
        except sqlite3.DatabaseError:
            verdict.damaged += 1
            continue
        if found not in last_of:
            verdict.halved += 1
        elif last_of[found] < acknowledged:
            verdict.lost += 1
    return verdict


def _found(database):
    with closing(sqlite3.connect(database)) as connection:
        damage = connection.execute("PRAGMA integrity_check").fetchall()
        if damage != [("ok",)]:
            raise sqlite3.DatabaseError(damage)
        return state_of(lambda sql: connection.execute(sql).fetchone(), sqlite3.OperationalError)
