-- The workloads of an app in each cluster, summed up as rows are written: an app has thousands of them over a fleet.
create table app_rollups (
    org_id     uuid        not null references organizations on delete restrict,
    app        text        not null collate "C", -- the label app.kubernetes.io/name
    cluster_id uuid        not null,
    workloads  bigint      not null check (workloads > 0),
    bad        bigint      not null,
    warned     bigint      not null,
    counted    bigint      not null, -- those that say how many of how many are ready, or complete
    ready      bigint      not null,
    desired    bigint      not null,
    changed_at timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (org_id, app, cluster_id),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
) with (fillfactor = 70); -- they change often: room for a change beside what it changes
create index app_rollups_by_cluster on app_rollups (org_id, cluster_id);

create function unfold_app(resource text, labels jsonb, health text, cells jsonb)
    returns table (app text, bad integer, warned integer, counted integer, ready integer, desired integer)
language sql immutable
begin atomic
    select labels ->> 'app.kubernetes.io/name', (health = 'bad')::integer, (health = 'warn')::integer,
           (part.said <> '')::integer, coalesce(nullif(split_part(part.said, '/', 1), ''), '0')::integer,
           coalesce(nullif(split_part(part.said, '/', 2), ''), '0')::integer
    from (select coalesce(cells ->> 'ready', cells ->> 'completions', '') as said) part
    where resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch')
      and labels ->> 'app.kubernetes.io/name' <> '';
end;

create function sum_up_apps() returns trigger language plpgsql set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into app_rollups as r
            (org_id, app, cluster_id, workloads, bad, warned, counted, ready, desired, changed_at)
        select a.org_id, s.app, a.cluster_id, count(*), sum(s.bad), sum(s.warned), sum(s.counted), sum(s.ready),
               sum(s.desired), max(a.changed_at)
        from added a, unfold_app(a.resource, a.labels, a.health, a.cells) s
        group by 1, 2, 3
        on conflict (org_id, app, cluster_id) do update
        set workloads = r.workloads + excluded.workloads, bad = r.bad + excluded.bad,
            warned = r.warned + excluded.warned, counted = r.counted + excluded.counted,
            ready = r.ready + excluded.ready, desired = r.desired + excluded.desired,
            changed_at = greatest(r.changed_at, excluded.changed_at);
    elsif tg_op = 'UPDATE' then
        with change as materialized (
            select c.org_id, s.app, c.cluster_id, sum(c.n) as n, sum(c.n * s.bad) as bad, sum(c.n * s.warned) as warned,
                   sum(c.n * s.counted) as counted, sum(c.n * s.ready) as ready, sum(c.n * s.desired) as desired,
                   max(c.changed_at) as changed_at
            from (
                select org_id, cluster_id, resource, labels, health, cells, changed_at, 1 as n from added
                union all
                select org_id, cluster_id, resource, labels, health, cells, changed_at, -1 from gone
            ) c, unfold_app(c.resource, c.labels, c.health, c.cells) s
            group by 1, 2, 3
        ), known as (
            update app_rollups r
            set workloads = r.workloads + c.n, bad = r.bad + c.bad, warned = r.warned + c.warned,
                counted = r.counted + c.counted, ready = r.ready + c.ready, desired = r.desired + c.desired,
                changed_at = greatest(r.changed_at, c.changed_at)
            from change c
            where (r.org_id, r.app, r.cluster_id) = (c.org_id, c.app, c.cluster_id) and r.workloads + c.n > 0
        ), ended as (
            delete from app_rollups r using change c
            where (r.org_id, r.app, r.cluster_id) = (c.org_id, c.app, c.cluster_id) and r.workloads + c.n <= 0
        )
        insert into app_rollups (org_id, app, cluster_id, workloads, bad, warned, counted, ready, desired, changed_at)
        select c.org_id, c.app, c.cluster_id, c.n, c.bad, c.warned, c.counted, c.ready, c.desired, c.changed_at
        from change c where c.n > 0
        on conflict (org_id, app, cluster_id) do nothing;
    else
        with change as materialized (
            select g.org_id, s.app, g.cluster_id, count(*) as n, sum(s.bad) as bad, sum(s.warned) as warned,
                   sum(s.counted) as counted, sum(s.ready) as ready, sum(s.desired) as desired
            from gone g, unfold_app(g.resource, g.labels, g.health, g.cells) s
            group by 1, 2, 3
        ), fewer as (
            update app_rollups r
            set workloads = r.workloads - c.n, bad = r.bad - c.bad, warned = r.warned - c.warned,
                counted = r.counted - c.counted, ready = r.ready - c.ready, desired = r.desired - c.desired
            from change c
            where (r.org_id, r.app, r.cluster_id) = (c.org_id, c.app, c.cluster_id) and r.workloads > c.n
        )
        delete from app_rollups r using change c
        where (r.org_id, r.app, r.cluster_id) = (c.org_id, c.app, c.cluster_id) and r.workloads <= c.n;
    end if;
    return null;
end $$;

create trigger apps_added after insert on objects
    referencing new table as added for each statement execute function sum_up_apps();
create trigger apps_changed after update on objects
    referencing old table as gone new table as added for each statement execute function sum_up_apps();
create trigger apps_gone after delete on objects
    referencing old table as gone for each statement execute function sum_up_apps();

do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        insert into app_rollups (org_id, app, cluster_id, workloads, bad, warned, counted, ready, desired, changed_at)
        select o.org_id, s.app, o.cluster_id, count(*), sum(s.bad), sum(s.warned), sum(s.counted), sum(s.ready),
               sum(s.desired), max(o.changed_at)
        from objects o, unfold_app(o.resource, o.labels, o.health, o.cells) s where o.org_id = organization
          and o.resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch')
        group by 1, 2, 3;
    end loop;
    perform set_config('app.org', '', true);
end $$;

select basefly_tenant('app_rollups');
grant select, insert, update, delete on app_rollups to basefly_app;
