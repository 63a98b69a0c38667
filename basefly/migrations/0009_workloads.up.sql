-- The image that a workload is about, so that its groups over clusters are read from an index alone.
alter table objects add column main_image text collate "C" generated always as (
    case when resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch')
    then cells -> 'images' ->> 0 end
) stored;

create index objects_by_workload on objects (org_id, name, namespace, resource)
    include (cluster_id, health, main_image)
    where resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch');
create index objects_by_app on objects (org_id, (coalesce(labels ->> 'app.kubernetes.io/name', '')))
    where resource in ('deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch', 'cronjobs.batch');
create index pods_by_node on objects_pods (org_id, cluster_id, (cells ->> 'node'));
create index pods_restarted on objects_pods (org_id, owner_uid) where (cells ->> 'restarts')::integer > 0;

-- Which image and digest runs where: counted by the triggers below, for unfolding every pod on read takes long.
create table image_uses (
    org_id     uuid   not null references organizations on delete restrict,
    cluster_id uuid   not null,
    namespace  text   not null collate "C",
    resource   text   not null collate "C",
    image      text   not null collate "C",
    digest     text   not null collate "C", -- the first 16 characters of the sha256; '' where none is known
    count      bigint not null check (count > 0),
    repository text   not null collate "C"
               generated always as (regexp_replace(image, '(:[^/:@]+)?(@.+)?$', '')) stored,
    tag        text   not null collate "C"
               generated always as (coalesce(substring(regexp_replace(image, '@.*$', '') from ':([^/:]+)$'), '')) stored,
    created_at timestamptz not null default now(),
    primary key (org_id, cluster_id, namespace, resource, image, digest),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
);
create index image_uses_by_repository on image_uses (org_id, repository)
    include (tag, digest, cluster_id, namespace, resource, count);

create function unfold_images(resource text, cells jsonb) returns table (image text, digest text)
language sql immutable
begin atomic
    select i.image, coalesce(cells -> 'digests' ->> (i.place::integer - 1), '')
    from jsonb_array_elements_text(case when jsonb_typeof(cells -> 'images') = 'array' then cells -> 'images' end)
        with ordinality as i (image, place)
    where resource in ('pods', 'deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch');
end;

-- What is no longer used leaves: a fleet sees more images over the years than it ever runs at once.
create function count_images() returns trigger language plpgsql set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into image_uses as u (org_id, cluster_id, namespace, resource, image, digest, count)
        select a.org_id, a.cluster_id, a.namespace, a.resource, i.image, i.digest, count(*)
        from added a, unfold_images(a.resource, a.cells) i
        group by 1, 2, 3, 4, 5, 6
        on conflict (org_id, cluster_id, namespace, resource, image, digest)
        do update set count = u.count + excluded.count;
    elsif tg_op = 'UPDATE' then
        with change as materialized (
            select c.org_id, c.cluster_id, c.namespace, c.resource, i.image, i.digest, sum(c.n) as n
            from (
                select org_id, cluster_id, namespace, resource, cells, 1 as n from added
                union all
                select org_id, cluster_id, namespace, resource, cells, -1 from gone
            ) c, unfold_images(c.resource, c.cells) i
            group by 1, 2, 3, 4, 5, 6 having sum(c.n) <> 0
        ), more as (
            insert into image_uses as u (org_id, cluster_id, namespace, resource, image, digest, count)
            select org_id, cluster_id, namespace, resource, image, digest, n from change where n > 0
            on conflict (org_id, cluster_id, namespace, resource, image, digest)
            do update set count = u.count + excluded.count
        ), fewer as (
            update image_uses u set count = u.count + c.n from change c
            where (u.org_id, u.cluster_id, u.namespace, u.resource, u.image, u.digest)
                = (c.org_id, c.cluster_id, c.namespace, c.resource, c.image, c.digest) and c.n < 0 and u.count > -c.n
        )
        delete from image_uses u using change c
        where (u.org_id, u.cluster_id, u.namespace, u.resource, u.image, u.digest)
            = (c.org_id, c.cluster_id, c.namespace, c.resource, c.image, c.digest) and c.n < 0 and u.count <= -c.n;
    else
        with change as materialized (
            select g.org_id, g.cluster_id, g.namespace, g.resource, i.image, i.digest, count(*) as n
            from gone g, unfold_images(g.resource, g.cells) i
            group by 1, 2, 3, 4, 5, 6
        ), fewer as (
            update image_uses u set count = u.count - c.n from change c
            where (u.org_id, u.cluster_id, u.namespace, u.resource, u.image, u.digest)
                = (c.org_id, c.cluster_id, c.namespace, c.resource, c.image, c.digest) and u.count > c.n
        )
        delete from image_uses u using change c
        where (u.org_id, u.cluster_id, u.namespace, u.resource, u.image, u.digest)
            = (c.org_id, c.cluster_id, c.namespace, c.resource, c.image, c.digest) and u.count <= c.n;
    end if;
    return null;
end $$;

create trigger images_added after insert on objects
    referencing new table as added for each statement execute function count_images();
create trigger images_changed after update on objects
    referencing old table as gone new table as added for each statement execute function count_images();
create trigger images_gone after delete on objects
    referencing old table as gone for each statement execute function count_images();

-- Count what is there, and read anew the kinds of which more is kept from now on.
do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        insert into image_uses (org_id, cluster_id, namespace, resource, image, digest, count)
        select o.org_id, o.cluster_id, o.namespace, o.resource, i.image, i.digest, count(*)
        from objects o, unfold_images(o.resource, o.cells) i where o.org_id = organization
        group by 1, 2, 3, 4, 5, 6;
        update sync_streams set resource_version = ''
        where org_id = organization and resource in ('pods', 'nodes', 'resourcequotas', 'limitranges', 'services');
    end loop;
    perform set_config('app.org', '', true);
end $$;

select basefly_tenant('image_uses');
grant select, insert, update, delete on image_uses to basefly_app;
