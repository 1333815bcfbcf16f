"""Shared SQL in the dialect of PostgreSQL."""

from infra.storage.postgres import dialect
from infra.storage.sql.statements import Statement


def test_parameters_are_numbered_and_lists_become_arrays():
    text, names = dialect.translated("SELECT a FROM t WHERE b = :b AND c IN (:c) AND d NOT IN (:d) AND e > :b")

    assert text == "SELECT a FROM t WHERE b = $1 AND c = ANY($2) AND d <> ALL($3) AND e > $1"
    assert names == ("b", "c", "d")
    assert dialect.translated("INSERT INTO t (a, b) VALUES (?, ?)")[0] == "INSERT INTO t (a, b) VALUES ($1, $2)"


def test_a_statement_is_plain_data():
    assert Statement("SELECT 1") == Statement("SELECT 1", {})
