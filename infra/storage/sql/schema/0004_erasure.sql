-- Keyed hashes of the ids of erased customers. Data that arrives after the erasure is refused.

CREATE TABLE erased_customers (
    id_hash TEXT NOT NULL PRIMARY KEY,
    is_finished INTEGER NOT NULL -- 0 until no file contains the deleted data
) STRICT, WITHOUT ROWID;

ALTER TABLE shop_state ADD COLUMN erasure_key BLOB; -- created with the first erasure
