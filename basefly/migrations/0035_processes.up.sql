-- The processes of the hub that live just now: one row for each role of each. Whoever does not renew its row is dead by
-- the database's clock alone. The processes with the role sync share the clusters out among those that live; of these,
-- `regions` says whose clusters one is pinned to, and is empty for one that follows clusters of any region.
create table processes (
    name       text        not null check (name <> '' and length(name) <= 300),
    role       text        not null check (role in ('web', 'sync', 'worker', 'gateway')),
    regions    text[]      not null default '{}',
    version    text        not null check (length(version) <= 60),
    started_at timestamptz not null default clock_timestamp(),
    seen_at    timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    primary key (name, role)
);
grant select, insert, update, delete on processes to basefly_app;
