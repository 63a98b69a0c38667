-- What the hub found when it last verified each chain, for the page and the alarm. No proof: that is verifying itself.
create table audit_verdicts (
    org_id   uuid             not null primary key references organizations on delete restrict,
    at       timestamptz      not null default now(),
    ok       boolean          not null,
    records  bigint           not null,
    last     bigint           not null,
    proved   bigint           not null,
    seconds  double precision not null,
    findings jsonb            not null default '[]' check (jsonb_typeof(findings) = 'array')
);

-- Where records are sent as they are chained. `cursor` is the last link that arrived; a stream that has failed for a
-- day stands still (`dead_at`) until somebody lets it go on from there, so that nothing is skipped.
create table audit_streams (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    name         text        not null check (name <> '' and length(name) <= 100),
    kind         text        not null check (kind in ('webhook', 'syslog')),
    address      text        not null check (length(address) <= 2000),
    secret       bytea,
    cursor       bigint      not null default 0 check (cursor >= 0),
    failures     integer     not null default 0 check (failures >= 0),
    failing_since timestamptz,
    error        text        not null default '',
    due_at       timestamptz not null default now(),
    delivered_at timestamptz,
    dead_at      timestamptz,
    created_at   timestamptz not null default now(),
    deleted_at   timestamptz,
    primary key (org_id, id)
);
create unique index audit_streams_name on audit_streams (org_id, lower(name)) where deleted_at is null;

-- What a person asked for of their own data, sealed, until they fetched it or a week has gone.
create table data_exports (
    org_id     uuid        not null references organizations on delete restrict,
    id         uuid        not null default gen_random_uuid(),
    user_id    uuid        not null references users on delete restrict,
    operation_id uuid      not null,
    sealed     bytea,
    size       bigint,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '7 days',
    primary key (org_id, id),
    foreign key (org_id, operation_id) references operations (org_id, id) on delete restrict
);
create index data_exports_user on data_exports (org_id, user_id, created_at desc);

select basefly_tenant('audit_verdicts'), basefly_tenant('audit_streams'), basefly_tenant('data_exports');
grant select, insert, update on audit_verdicts, audit_streams to basefly_app;
grant select, insert, update, delete on data_exports to basefly_app;
