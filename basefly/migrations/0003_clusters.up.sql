-- The clusters of an organization: what they are called, where they are, how they fare.
-- What a probe writes every few seconds is in no index, so that it costs no more than the row.
create table clusters (
    org_id              uuid        not null references organizations on delete restrict,
    id                  uuid        not null default gen_random_uuid(),
    name                text        not null check (name <> '' and length(name) <= 253),
    labels              jsonb       not null default '{}' check (jsonb_typeof(labels) = 'object'),
    region              text        not null default '' check (length(region) <= 100),
    provider            text        not null default '' check (length(provider) <= 100),
    region_given        boolean     not null default false, -- by a person: the nodes' labels no longer change it
    provider_given      boolean     not null default false,
    server              text        not null default '',
    version             text        not null default '',
    health              text        not null default 'unknown'
                        check (health in ('healthy', 'degraded', 'unreachable', 'unknown')),
    health_reason       text        not null default '',
    health_since        timestamptz not null default now(),
    probe_health        text        not null default 'unknown' -- what the last probe alone says
                        check (probe_health in ('healthy', 'degraded', 'unreachable', 'unknown')),
    probe_reason        text        not null default '',
    stream_trouble      text        not null default '', -- what the inventory's streams say; '' when all is well
    probed_at           timestamptz,
    answered_at         timestamptz,
    credentials_version integer     not null default 1 check (credentials_version > 0),
    created_at          timestamptz not null default now(),
    created_by          uuid,
    deleted_at          timestamptz,
    primary key (org_id, id)
) with (fillfactor = 70);
create unique index clusters_name on clusters (org_id, lower(name)) where deleted_at is null;

-- What opens a cluster, sealed. A new credential overwrites the old one.
create table cluster_credentials (
    org_id     uuid        not null references organizations on delete restrict,
    cluster_id uuid        not null,
    sealed     bytea       not null,
    kind       text        not null check (kind in ('token', 'certificate')),
    expires_at timestamptz, -- of the client certificate
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, cluster_id),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
);

select basefly_tenant('clusters'), basefly_tenant('cluster_credentials');
grant select, insert, update on clusters, cluster_credentials to basefly_app;
