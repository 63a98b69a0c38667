-- What objects were like: a version from when it came to be (`at`) until it was another or gone. The one without an end
-- is the present. `text` is what is kept of the object, as zlib of JSON; `changes` are the fields that differ from the
-- version before, told in short; `manager` and `operation` are of whoever wrote it, as the cluster says.
create table object_versions (
    org_id     uuid        not null references organizations on delete restrict,
    id         bigint      not null generated always as identity,
    cluster_id uuid        not null,
    resource   text        not null collate "C",
    namespace  text        not null collate "C",
    name       text        not null collate "C",
    uid        text        not null collate "C",
    cause      text        not null check (cause in ('seen', 'created', 'changed')),
    at         timestamptz not null,
    seen_at    timestamptz not null default now(),
    until      timestamptz check (until >= at),
    ended      text        not null default '' check (ended in ('', 'changed', 'deleted', 'missed', 'restored', 'unserved')),
    manager    text        not null default '',
    operation  text        not null default '',
    changes    jsonb       not null default '[]' check (jsonb_typeof(changes) = 'array'),
    changed    integer     not null default 0 check (changed >= 0), -- how many fields, of which `changes` tells the first
    digest     bigint      not null,
    text       bytea       not null,
    primary key (org_id, id),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict,
    check ((until is null) = (ended = ''))
);
create unique index object_versions_present on object_versions (org_id, cluster_id, resource, uid) where until is null;
-- Begins with the name, so that no plan takes it for the one above while statistics say that the table is empty.
create index object_versions_by_path on object_versions (org_id, name, namespace, resource, cluster_id, at desc, id desc);
create index object_versions_lately on object_versions (org_id, at desc, id desc) where cause <> 'seen';
create index object_versions_gone on object_versions (org_id, until desc, id desc) where ended not in ('', 'changed');
create index object_versions_old on object_versions (org_id, until) where until is not null;

-- How long versions are kept and how many of each object; `key` (sealed) makes the marks by which values of secrets are
-- told apart, so that nobody who reads the table can guess them.
create table history_settings (
    org_id     uuid        not null primary key references organizations on delete restrict,
    days       integer     not null default 30 check (days > 0),
    versions   integer     not null default 100 check (versions > 0),
    key        bytea       not null,
    created_at timestamptz not null default now()
);

select basefly_tenant('object_versions'), basefly_tenant('history_settings');
grant select, insert, update, delete on object_versions to basefly_app;
grant select, insert, update on history_settings to basefly_app;

-- Read anew, so that there is a first version of everything.
do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        update sync_streams set resource_version = ''
        where org_id = organization and resource not in ('pods', 'events');
    end loop;
    perform set_config('app.org', '', true);
end $$;
