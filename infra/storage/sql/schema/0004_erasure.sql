-- Who was erased, as keyed hashes of their ids, so that nothing that comes late brings them back.

CREATE TABLE erased_customers (
    id_hash TEXT NOT NULL PRIMARY KEY,
    is_finished INTEGER NOT NULL -- 0 until no file holds what was deleted
) STRICT, WITHOUT ROWID;

ALTER TABLE shop_state ADD COLUMN erasure_key BLOB; -- made with the first erasure
