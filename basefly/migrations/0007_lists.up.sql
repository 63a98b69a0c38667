-- The common orders and filters of lists, each answered by walking an index instead of reading or sorting every row.
-- They are paid for on writes: an insert has three more entries in B-trees and one in a GIN; an update of a pod whose
-- status stays the same touches none of them but the label index's row pointer.
create index objects_by_age on objects (org_id, resource, created_at, name, cluster_id, uid);
create index objects_by_status on objects (org_id, resource, status, name, cluster_id, uid);
create index objects_by_namespace on objects (org_id, resource, namespace, name, cluster_id, uid);
create index objects_by_label on objects using gin (labels jsonb_path_ops);

-- Events are read latest first. The expression is the one that lists sort by.
create index objects_events_by_last on objects_events
    (org_id, resource, (coalesce(cells -> 'last', 'null')), name, cluster_id, uid);
