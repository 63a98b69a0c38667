-- A master key that seals nothing any more is struck out; while it does, the foreign key of data_keys refuses.
grant delete on master_keys to basefly_app;
