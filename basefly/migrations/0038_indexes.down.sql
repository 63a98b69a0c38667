create temporary table moved on commit drop as select * from objects_bindings with no data;
alter table objects_bindings no force row level security;
insert into moved (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health,
                   owner_uid, labels, cells, digest, changed_at)
select org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health,
       owner_uid, labels, cells, digest, changed_at
from objects_bindings;
drop table objects_bindings;
alter table objects_other no force row level security;
insert into objects_other (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status,
                           health, owner_uid, labels, cells, digest, changed_at)
select org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health,
       owner_uid, labels, cells, digest, changed_at
from moved;
alter table objects_other force row level security;

do $$
declare part text;
begin
    foreach part in array array['pods', 'events', 'replica_sets', 'other'] loop
        execute format('drop index %1$s_by_age, %1$s_by_owner, %1$s_by_trigram, %1$s_by_label, %1$s_by_namespace,'
            ' %1$s_by_name, %1$s_by_status, %1$s_sick', part);
    end loop;
end $$;
drop index pods_by_place, replica_sets_by_place, other_by_place, pods_by_node, events_by_last, other_by_workload, other_by_app;
alter table objects_pods set (fillfactor = 85);
alter table objects_events set (fillfactor = 85);
alter table objects_replica_sets reset (fillfactor);
alter table objects_other reset (fillfactor);

create index objects_by_name on objects (org_id, resource, name, cluster_id, uid);
create index objects_by_path on objects (org_id, cluster_id, resource, namespace, name);
create index objects_by_owner on objects (org_id, owner_uid) where owner_uid <> '';
create index objects_by_trigram on objects using gin (name gin_trgm_ops);
create index objects_by_age on objects (org_id, resource, created_at, name, cluster_id, uid);
create index objects_by_status on objects (org_id, resource, status, name, cluster_id, uid);
create index objects_by_namespace on objects (org_id, resource, namespace, name, cluster_id, uid);
create index objects_by_label on objects using gin (labels jsonb_path_ops);
create index objects_events_by_last on objects_events
    (org_id, resource, (case when cells -> 'last' is null then 'null' else cells -> 'last' end), name, cluster_id, uid);
create index objects_by_workload on objects (org_id, name, namespace, resource)
    include (cluster_id, health, main_image)
    where resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch');
create index objects_by_app on objects (org_id, (coalesce(labels ->> 'app.kubernetes.io/name', '')))
    where resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch');
create index pods_by_node on objects_pods (org_id, cluster_id, (cells ->> 'node'));
create index objects_sick on objects (org_id, resource, cluster_id) where health = 'bad';
create index objects_by_subject on objects using gin ((cells -> 'subjects'))
    where resource in ('clusterrolebindings.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io');
create index pods_by_node_name on objects_pods
    (org_id, (case when cells ->> 'node' is null then '' else left(cells ->> 'node', 200) end collate "C"));
