-- What was asked for under a key of the client's own, so that asking again does nothing again. `acted` is committed with
-- the act itself; `done` adds the answer, sealed, because an answer may hold a secret that is shown this once.
create table idempotency_keys (
    org_id      uuid        not null references organizations on delete restrict,
    asker       text        not null check (asker <> '' and length(asker) <= 100),
    route       text        not null check (route <> '' and length(route) <= 300),
    key_hash    bytea       not null check (length(key_hash) = 32),
    fingerprint bytea       not null check (length(fingerprint) = 32),
    state       text        not null default 'started' check (state in ('started', 'acted', 'done')),
    status      integer     check (status between 200 and 299),
    sealed      bytea,
    created_at  timestamptz not null default now(),
    held_until  timestamptz not null,
    expires_at  timestamptz not null check (expires_at > created_at),
    primary key (org_id, asker, route, key_hash),
    check ((state = 'done') = (sealed is not null and status is not null))
);
create index idempotency_keys_expired on idempotency_keys (org_id, expires_at);

select basefly_tenant('idempotency_keys');
grant select, insert, update, delete on idempotency_keys to basefly_app;
