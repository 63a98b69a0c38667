-- A list asks how fresh one resource is over every cluster; the key, which begins with the cluster, would read them all.
create index sync_streams_by_resource on sync_streams (org_id, resource, cluster_id);
