-- What completes each product, packed as the other lists are. NULL in models of before, which have no such lists.
ALTER TABLE product_neighbours ADD COLUMN complements BLOB;
