-- Puts a tenant's lock on a table, so that no migration writes it by hand and forgets half of it.
-- A setting that was never set is null, one that was set in an earlier transaction is '': both see nothing.
create function basefly_tenant(tenant_table regclass) returns void language plpgsql set search_path from current as $$
begin
    execute format('alter table %s enable row level security', tenant_table);
    execute format('alter table %s force row level security', tenant_table);
    execute format(
        'create policy tenant on %s using (org_id = nullif(current_setting(''app.org'', true), '''')::uuid)'
        ' with check (org_id = nullif(current_setting(''app.org'', true), '''')::uuid)', tenant_table);
end $$;
revoke execute on function basefly_tenant(regclass) from public;

-- The tenants. Controllers go through all of them, so this one table is read without a tenant.
create table organizations (
    id         uuid        not null primary key default gen_random_uuid(),
    name       text        not null check (name <> '' and length(name) <= 200),
    created_at timestamptz not null default now(),
    deleted_at timestamptz
);

-- Who does what alone. The epoch grows with every new owner; whoever holds an older one has lost.
create table leases (
    name        text        not null primary key check (name <> ''),
    owner       text        not null check (owner <> ''),
    epoch       bigint      not null check (epoch > 0),
    acquired_at timestamptz not null default now(),
    expires_at  timestamptz not null
);

-- Which master key sealed the data keys: enough to tell a lost key from a right one, never the key.
create table master_keys (
    fingerprint text        not null primary key check (fingerprint <> ''),
    created_at  timestamptz not null default now()
);

-- The keys that seal each organization's secrets, themselves sealed by the master key.
create table data_keys (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    fingerprint text        not null references master_keys on delete restrict,
    wrapped     bytea       not null,
    created_at  timestamptz not null default now(),
    retired_at  timestamptz,
    primary key (org_id, id)
);
create unique index data_keys_in_use on data_keys (org_id) where retired_at is null;

-- Each removal of a thing with all that hangs on it, and each return: the plan's progress and the record of it.
-- archived_at is also the deleted_at of every row that went with it, which is how they are found again.
create table archivals (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    root        text        not null,
    root_id     uuid        not null,
    state       text        not null check (state in ('archiving', 'archived', 'restoring', 'restored')),
    archived_at timestamptz not null,
    archived_by uuid,
    restored_by uuid,
    counts      jsonb       not null default '{}' check (jsonb_typeof(counts) = 'object'),
    created_at  timestamptz not null default now(),
    finished_at timestamptz,
    primary key (org_id, id)
);
create unique index archivals_open on archivals (org_id, root, root_id) where state <> 'restored';

-- What must finish though the process dies. `attempt` fences: a step is recorded only by the latest one.
create table operations (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    kind         text        not null check (kind <> ''),
    input        jsonb       not null,
    state        text        not null default 'pending'
                 check (state in ('pending', 'running', 'done', 'failed', 'cancelled')),
    started_by   uuid,
    attempt      integer     not null default 0 check (attempt >= 0),
    failures     integer     not null default 0 check (failures >= 0),
    owner        text,
    available_at timestamptz not null default now(),
    expires_at   timestamptz,
    result       jsonb,
    error        text,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    primary key (org_id, id),
    check ((state = 'running') = (expires_at is not null)),
    check ((state in ('done', 'failed', 'cancelled')) = (finished_at is not null))
);
create index operations_open on operations (org_id, available_at) where state in ('pending', 'running');

create table operation_steps (
    org_id       uuid        not null references organizations on delete restrict,
    operation_id uuid        not null,
    name         text        not null check (name <> ''),
    attempt      integer     not null,
    result       jsonb       not null,
    created_at   timestamptz not null default now(),
    primary key (org_id, operation_id, name),
    foreign key (org_id, operation_id) references operations (org_id, id) on delete restrict
);

select basefly_tenant('data_keys'), basefly_tenant('archivals'), basefly_tenant('operations'),
       basefly_tenant('operation_steps');

grant select, insert, update on organizations, data_keys, archivals, operations to basefly_app;
grant select, insert, update, delete on leases to basefly_app;
grant select, insert on master_keys, operation_steps to basefly_app;
