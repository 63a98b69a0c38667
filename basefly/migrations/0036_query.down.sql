drop index pods_by_health, pods_by_ready, pods_by_node_name, pods_by_ip, pods_by_qos, pods_by_images, pods_by_restarts,
    pods_by_cpu, pods_by_memory, objects_events_by_last;
create index objects_events_by_last on objects_events
    (org_id, resource, (coalesce(cells -> 'last', 'null')), name, cluster_id, uid);
