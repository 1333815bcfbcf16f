-- Versions of the catalogue. A product has the one that changed it last. The shop has the last one that changed which products
-- are available or how old they are, and the last one that changed categories or variants of products, or merged products: only
-- the latter makes stored lists stale.
ALTER TABLE product_catalog ADD COLUMN changed_in INTEGER NOT NULL DEFAULT 0;
CREATE INDEX product_catalog_by_change ON product_catalog (changed_in);
ALTER TABLE shop_state ADD COLUMN listed_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE shop_state ADD COLUMN regrouped_in INTEGER NOT NULL DEFAULT 0;

-- A list is stored without what its products look like, which is read when it is answered.
DELETE FROM customer_recommendations;

ALTER TABLE shop_state ADD COLUMN signing_key BLOB; -- of the ids of answers
UPDATE shop_state SET signing_key = randomblob(32);
