-- `variant_of` is the parent as the shop names it, which need not be in the catalogue. `variant_group` is the top of the chain
-- of parents; NULL for a product without a parent. `put` derives it whenever a product of the chain changes.

ALTER TABLE product_catalog ADD COLUMN variant_of TEXT;
ALTER TABLE product_catalog ADD COLUMN variant_group TEXT;
CREATE INDEX product_catalog_by_parent ON product_catalog (variant_of);
CREATE INDEX product_catalog_by_group ON product_catalog (variant_group);
