-- Rules of the shop: what lists hide, pin, boost or bury. `position` is the order in which they were saved first.
CREATE TABLE shop_rules (
    rule_id TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL, -- JSON
    saved_at INTEGER NOT NULL,
    position INTEGER NOT NULL
) STRICT;

-- Rises with each change of a rule. What lists depend on has it, so that every process learns of a change with its next list.
ALTER TABLE shop_state ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 0;
