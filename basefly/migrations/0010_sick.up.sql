-- What is wrong is asked for first and is rare: it has an index of its own, so that a million sound objects cost nothing.
create index objects_sick on objects (org_id, resource, cluster_id) where health = 'bad';
