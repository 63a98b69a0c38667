-- Indexes of each partition for itself, of what its kinds are asked, without the ties (name, cluster, uid) that each
-- order ended with: equals share an entry, and PostgreSQL sorts them as it reads. docs/decisions/0035 says why.
--
-- All locks are taken at once and before anything is built, so that nothing is thrown away for a lock that is held.
-- What reads objects waits while it builds: 15 s at 100,000 pods and 270,000 other objects, some minutes at a million.
drop index objects_by_name, objects_by_path, objects_by_owner, objects_by_trigram, objects_by_age, objects_by_status,
    objects_by_namespace, objects_by_label, objects_by_workload, objects_by_app, objects_sick, objects_by_subject,
    objects_events_by_last, pods_by_node, pods_by_node_name;

-- Bindings are found by subjects, by an index over their cells: in the same partition no object whose cells change could
-- be updated within its page (HOT). They move past the triggers of `objects`, whose sums stay what they are.
create temporary table moved on commit drop as select * from objects_other with no data;
alter table objects_other no force row level security;
insert into moved (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health,
                   owner_uid, labels, cells, digest, changed_at)
select org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health,
       owner_uid, labels, cells, digest, changed_at
from objects_other
where resource in ('clusterrolebindings.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io');
delete from objects_other
where resource in ('clusterrolebindings.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io');
alter table objects_other force row level security;

create table objects_bindings partition of objects
    for values in ('clusterrolebindings.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io');
insert into objects_bindings (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status,
                              health, owner_uid, labels, cells, digest, changed_at)
select org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health,
       owner_uid, labels, cells, digest, changed_at
from moved;
select basefly_tenant('objects_bindings');

-- A pod or an event that changes is never updated within its page, for what changes has an index: no room need be left.
alter table objects_pods reset (fillfactor);
alter table objects_events reset (fillfactor);
-- Of these, what changes has no index as a rule: room for a change beside what it changes.
alter table objects_replica_sets set (fillfactor = 90);
alter table objects_other set (fillfactor = 95);

do $$
declare
    part text;
    kinds text; -- what tells the kinds of a partition apart, if it has several
begin
    foreach part in array array['pods', 'events', 'replica_sets', 'bindings', 'other'] loop
        kinds := case when part in ('bindings', 'other') then 'resource, ' else '' end;
        execute format('create index %1$s_by_age on objects_%1$s (org_id, %2$s created_at)', part, kinds);
        execute format('create index %1$s_by_owner on objects_%1$s (org_id, owner_uid) where owner_uid <> %2$L', part, '');
        execute format('create index %1$s_by_trigram on objects_%1$s using gin (name gin_trgm_ops)', part);
        execute format('create index %1$s_by_label on objects_%1$s using gin (labels jsonb_path_ops)', part);
        execute format('create index %1$s_sick on objects_%1$s (org_id, %2$s cluster_id) where health = %3$L', part,
            kinds, 'bad');
        continue when part = 'events';
        -- A namespace's names are alike: sought in the order of all names, they may be the last.
        execute format('create index %1$s_by_namespace on objects_%1$s (org_id, %2$s namespace, name)', part, kinds);
        execute format('create index %1$s_by_place on objects_%1$s (org_id, cluster_id, %2$s namespace)', part, kinds);
    end loop;
end $$;

-- Events are read by time, hardly ever by name.
create index events_by_namespace on objects_events (org_id, namespace, cluster_id);

-- Thousands of clusters have objects of the same names, but hardly pods.
create index pods_by_name on objects_pods (org_id, name);
create index events_by_name on objects_events (org_id, name);
create index replica_sets_by_name on objects_replica_sets (org_id, name);
create index bindings_by_name on objects_bindings (org_id, resource, name, cluster_id);
create index other_by_name on objects_other (org_id, resource, name, cluster_id);

-- Those who filter pods by status look for few that may have names alike; nothing else has many objects of many statuses.
create index pods_by_status on objects_pods (org_id, status, name);
create index events_by_status on objects_events (org_id, status);
create index replica_sets_by_status on objects_replica_sets (org_id, status);
create index bindings_by_status on objects_bindings (org_id, resource, status);
create index other_by_status on objects_other (org_id, resource, status);

create index pods_by_node on objects_pods
    (org_id, (case when cells ->> 'node' is null then '' else left(cells ->> 'node', 200) end collate "C"), cluster_id);
create index events_by_last on objects_events
    (org_id, (case when cells -> 'last' is null then 'null' else cells -> 'last' end));
create index bindings_by_subject on objects_bindings using gin ((cells -> 'subjects'));
create index other_by_workload on objects_other (org_id, name, namespace, resource)
    include (cluster_id, health, main_image)
    where resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch');
create index other_by_app on objects_other (org_id, (coalesce(labels ->> 'app.kubernetes.io/name', '')))
    where resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch');

analyze objects_pods, objects_events, objects_replica_sets, objects_bindings, objects_other;
