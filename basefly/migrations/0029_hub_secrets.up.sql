-- Secrets of the hub itself, which every process over this database shares. They are sealed by the master key.
create table hub_secrets (
    name        text        primary key,
    fingerprint text        not null references master_keys on delete restrict,
    sealed      bytea       not null,
    created_at  timestamptz not null default now()
);
create index hub_secrets_fingerprint on hub_secrets (fingerprint);
grant select, insert, update (fingerprint, sealed) on hub_secrets to basefly_app;
