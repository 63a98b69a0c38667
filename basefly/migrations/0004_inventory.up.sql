-- Substring search over names needs trigrams; the extension is trusted, so the owner of the schema may create it.
create extension if not exists pg_trgm;

-- What runs where: one row an object, whatever its kind.
-- Partitioned by resource so that the few large kinds have indexes and vacuum of their own, while a new kind or
-- custom resource needs no migration. What is special to a kind is in `cells`.
create table objects (
    org_id           uuid        not null references organizations on delete restrict,
    cluster_id       uuid        not null,
    resource         text        not null collate "C",
    uid              text        not null collate "C",
    namespace        text        not null collate "C",
    name             text        not null collate "C",
    resource_version text        not null collate "C",
    created_at       timestamptz not null,
    status           text        not null collate "C",
    health           text        not null collate "C" check (health in ('ok', 'warn', 'bad', 'idle')),
    owner_uid        text        not null collate "C",
    labels           jsonb       not null check (jsonb_typeof(labels) = 'object'),
    cells            jsonb       not null check (jsonb_typeof(cells) = 'object'),
    digest           bigint      not null,
    changed_at       timestamptz not null default now(),
    primary key (org_id, cluster_id, resource, uid),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
) partition by list (resource);

create table objects_pods partition of objects for values in ('pods') with (fillfactor = 85);
create table objects_events partition of objects for values in ('events') with (fillfactor = 85);
create table objects_replica_sets partition of objects for values in ('replicasets.apps');
create table objects_other partition of objects default;

create index objects_by_name on objects (org_id, resource, name, cluster_id, uid);
create index objects_by_path on objects (org_id, cluster_id, resource, namespace, name);
create index objects_by_owner on objects (org_id, owner_uid) where owner_uid <> '';
create index objects_by_trigram on objects using gin (name gin_trgm_ops);

-- How far each list and watch has come. The version advances in the same transaction as the rows it stands for.
create table sync_streams (
    org_id           uuid        not null references organizations on delete restrict,
    cluster_id       uuid        not null,
    resource         text        not null collate "C",
    kind             text        not null,
    version          text        not null,
    namespaced       boolean     not null,
    resource_version text        not null default '',
    state            text        not null default 'listing'
                     check (state in ('listing', 'live', 'retrying', 'denied', 'failed')),
    reason           text        not null default '',
    skipped          integer     not null default 0,
    listed_at        timestamptz,
    as_of            timestamptz,
    created_at       timestamptz not null default now(),
    primary key (org_id, cluster_id, resource),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
);

-- How many objects there are by what people ask for first; kept by the triggers below, never counted on read.
create table rollups (
    org_id     uuid        not null references organizations on delete restrict,
    cluster_id uuid        not null,
    resource   text        not null collate "C",
    namespace  text        not null collate "C",
    status     text        not null collate "C",
    health     text        not null collate "C",
    count      bigint      not null check (count >= 0),
    created_at timestamptz not null default now(),
    primary key (org_id, cluster_id, resource, namespace, status, health),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
);
create index rollups_by_resource on rollups (org_id, resource) include (cluster_id, namespace, status, health, count);

create function roll_up_objects() returns trigger language plpgsql set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into rollups as r (org_id, cluster_id, resource, namespace, status, health, count)
        select org_id, cluster_id, resource, namespace, status, health, count(*) from added
        group by 1, 2, 3, 4, 5, 6
        on conflict (org_id, cluster_id, resource, namespace, status, health)
        do update set count = r.count + excluded.count;
    elsif tg_op = 'UPDATE' then
        insert into rollups as r (org_id, cluster_id, resource, namespace, status, health, count)
        select org_id, cluster_id, resource, namespace, status, health, sum(n) from (
            select org_id, cluster_id, resource, namespace, status, health, 1 as n from added
            union all
            select org_id, cluster_id, resource, namespace, status, health, -1 from gone
        ) change
        group by 1, 2, 3, 4, 5, 6 having sum(n) > 0
        on conflict (org_id, cluster_id, resource, namespace, status, health)
        do update set count = r.count + excluded.count;
        update rollups r set count = r.count - change.n from (
            select org_id, cluster_id, resource, namespace, status, health, -sum(n) as n from (
                select org_id, cluster_id, resource, namespace, status, health, 1 as n from added
                union all
                select org_id, cluster_id, resource, namespace, status, health, -1 from gone
            ) both_ways
            group by 1, 2, 3, 4, 5, 6 having sum(n) < 0
        ) change
        where (r.org_id, r.cluster_id, r.resource, r.namespace, r.status, r.health)
            = (change.org_id, change.cluster_id, change.resource, change.namespace, change.status, change.health);
    else
        update rollups r set count = r.count - change.n from (
            select org_id, cluster_id, resource, namespace, status, health, count(*) as n from gone
            group by 1, 2, 3, 4, 5, 6
        ) change
        where (r.org_id, r.cluster_id, r.resource, r.namespace, r.status, r.health)
            = (change.org_id, change.cluster_id, change.resource, change.namespace, change.status, change.health);
    end if;
    return null;
end $$;

create trigger objects_added after insert on objects
    referencing new table as added for each statement execute function roll_up_objects();
create trigger objects_changed after update on objects
    referencing old table as gone new table as added for each statement execute function roll_up_objects();
create trigger objects_gone after delete on objects
    referencing old table as gone for each statement execute function roll_up_objects();

select basefly_tenant('objects'), basefly_tenant('objects_pods'), basefly_tenant('objects_events'),
       basefly_tenant('objects_replica_sets'), basefly_tenant('objects_other'),
       basefly_tenant('sync_streams'), basefly_tenant('rollups');
grant select, insert, update, delete on objects, sync_streams, rollups to basefly_app;
