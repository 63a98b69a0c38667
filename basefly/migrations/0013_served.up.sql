-- A list asks how fresh one resource is over every cluster; the key, which begins with the cluster, would read them all.
create index sync_streams_by_resource on sync_streams (org_id, resource, cluster_id);

-- A search asks which of all streams do not fare well, which are few.
create index sync_streams_troubled on sync_streams (org_id, cluster_id) where state <> 'live' or skipped > 0;
