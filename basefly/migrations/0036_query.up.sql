-- Every column of pods can be sorted by. A key that is text shares one entry with its equals (deduplication), which is
-- what most are: such an index has some 7 bytes a pod. Numbers are compared as JSON, whose entries are not shared.
-- Ties are not in them: core/inventory/store/walk.py looks for those in the index of names. A key of text is cut, for an
-- entry of a B-tree has an end, and a cluster may send what it likes. Each is the expression that lists sort by; it is
-- no coalesce, for PostgreSQL takes that for something that may leak, and compares it only after row-level security.
create index pods_by_health on objects_pods (org_id, health);
create index pods_by_ready on objects_pods
    (org_id, (case when cells ->> 'ready' is null then '' else left(cells ->> 'ready', 200) end collate "C"));
create index pods_by_node_name on objects_pods
    (org_id, (case when cells ->> 'node' is null then '' else left(cells ->> 'node', 200) end collate "C"));
create index pods_by_ip on objects_pods
    (org_id, (case when cells ->> 'ip' is null then '' else left(cells ->> 'ip', 200) end collate "C"));
create index pods_by_qos on objects_pods
    (org_id, (case when cells ->> 'qos' is null then '' else left(cells ->> 'qos', 200) end collate "C"));
create index pods_by_images on objects_pods
    (org_id, (case when cells ->> 'images' is null then '' else left(cells ->> 'images', 200) end collate "C"));
create index pods_by_restarts on objects_pods
    (org_id, (case when cells -> 'restarts' is null then 'null' else cells -> 'restarts' end));
create index pods_by_cpu on objects_pods
    (org_id, (case when cells -> 'cpu' is null then 'null' else cells -> 'cpu' end));
create index pods_by_memory on objects_pods
    (org_id, (case when cells -> 'memory' is null then 'null' else cells -> 'memory' end));

drop index objects_events_by_last;
create index objects_events_by_last on objects_events
    (org_id, resource, (case when cells -> 'last' is null then 'null' else cells -> 'last' end), name, cluster_id, uid);

analyze objects_pods, objects_events;
