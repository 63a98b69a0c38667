-- How many events there are of what, by five minutes: counted as rows are written, so that no answer reads them all.
create table event_rollups (
    org_id     uuid        not null references organizations on delete restrict,
    minute     text        not null collate "C", -- when the five minutes begin, in UTC; '' where no time is known
    cluster_id uuid        not null,
    type       text        not null collate "C",
    reason     text        not null collate "C",
    kind       text        not null collate "C",
    count      bigint      not null check (count > 0),
    times      bigint      not null,
    last       text        not null collate "C", -- when one of them was last seen: of those that have been, the latest
    created_at timestamptz not null default now(),
    primary key (org_id, minute, cluster_id, type, reason, kind),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
) with (fillfactor = 70); -- they change often: room for a change beside what it changes
create index event_rollups_by_cluster on event_rollups (org_id, cluster_id);

-- Cut from the text, which is cheaper than a time. Events alone: other rows yield nothing.
create function unfold_event(resource text, cells jsonb)
    returns table (minute text, reason text, kind text, times bigint, last text)
language sql immutable
begin atomic
    select left(cells ->> 'last', 15) || case when substr(cells ->> 'last', 16, 1) >= '5' then '5' else '0' end,
           coalesce(cells ->> 'reason', ''), split_part(coalesce(cells ->> 'object', ''), '/', 1),
           coalesce((cells ->> 'count')::bigint, 0), cells ->> 'last'
    where resource = 'events' and cells ->> 'last' <> '';
end;

create function count_events() returns trigger language plpgsql set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into event_rollups as r (org_id, minute, cluster_id, type, reason, kind, count, times, last)
        select a.org_id, e.minute, a.cluster_id, a.status, e.reason, e.kind, count(*), sum(e.times), max(e.last)
        from added a, unfold_event(a.resource, a.cells) e where a.resource = 'events'
        group by 1, 2, 3, 4, 5, 6
        on conflict (org_id, minute, cluster_id, type, reason, kind)
        do update set count = r.count + excluded.count, times = r.times + excluded.times,
                      last = greatest(r.last, excluded.last);
    elsif tg_op = 'UPDATE' then
        with change as materialized (
            select c.org_id, e.minute, c.cluster_id, c.status, e.reason, e.kind,
                   sum(c.n) as n, sum(c.n * e.times) as times, max(e.last) as last
            from (
                select org_id, cluster_id, resource, status, cells, 1 as n from added where resource = 'events'
                union all
                select org_id, cluster_id, resource, status, cells, -1 from gone where resource = 'events'
            ) c, unfold_event(c.resource, c.cells) e
            group by 1, 2, 3, 4, 5, 6 having sum(c.n) <> 0 or sum(c.n * e.times) <> 0
        ), known as (
            update event_rollups r
            set count = r.count + c.n, times = r.times + c.times, last = greatest(r.last, c.last) from change c
            where (r.org_id, r.minute, r.cluster_id, r.type, r.reason, r.kind)
                = (c.org_id, c.minute, c.cluster_id, c.status, c.reason, c.kind) and r.count + c.n > 0
        ), ended as (
            delete from event_rollups r using change c
            where (r.org_id, r.minute, r.cluster_id, r.type, r.reason, r.kind)
                = (c.org_id, c.minute, c.cluster_id, c.status, c.reason, c.kind) and r.count + c.n <= 0
        )
        insert into event_rollups as r (org_id, minute, cluster_id, type, reason, kind, count, times, last)
        select c.org_id, c.minute, c.cluster_id, c.status, c.reason, c.kind, c.n, c.times, c.last
        from change c where c.n > 0
        on conflict (org_id, minute, cluster_id, type, reason, kind) do nothing;
    else
        with change as materialized (
            select g.org_id, e.minute, g.cluster_id, g.status, e.reason, e.kind, count(*) as n, sum(e.times) as times
            from gone g, unfold_event(g.resource, g.cells) e where g.resource = 'events'
            group by 1, 2, 3, 4, 5, 6
        ), fewer as (
            update event_rollups r set count = r.count - c.n, times = r.times - c.times from change c
            where (r.org_id, r.minute, r.cluster_id, r.type, r.reason, r.kind)
                = (c.org_id, c.minute, c.cluster_id, c.status, c.reason, c.kind) and r.count > c.n
        )
        delete from event_rollups r using change c
        where (r.org_id, r.minute, r.cluster_id, r.type, r.reason, r.kind)
            = (c.org_id, c.minute, c.cluster_id, c.status, c.reason, c.kind) and r.count <= c.n;
    end if;
    return null;
end $$;

create trigger events_added after insert on objects
    referencing new table as added for each statement execute function count_events();
create trigger events_changed after update on objects
    referencing old table as gone new table as added for each statement execute function count_events();
create trigger events_gone after delete on objects
    referencing old table as gone for each statement execute function count_events();

do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        insert into event_rollups (org_id, minute, cluster_id, type, reason, kind, count, times, last)
        select o.org_id, e.minute, o.cluster_id, o.status, e.reason, e.kind, count(*), sum(e.times), max(e.last)
        from objects o, unfold_event(o.resource, o.cells) e
        where o.org_id = organization and o.resource = 'events'
        group by 1, 2, 3, 4, 5, 6;
    end loop;
    perform set_config('app.org', '', true);
end $$;

select basefly_tenant('event_rollups');
grant select, insert, update, delete on event_rollups to basefly_app;
