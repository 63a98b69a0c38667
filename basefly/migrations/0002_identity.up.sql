-- People. One person may come to belong to several organizations, so this is no tenant's table; nobody lists it
-- but through members. home_org_id is the organization that they enter on signing in.
create table users (
    id            uuid        not null primary key default gen_random_uuid(),
    home_org_id   uuid        not null references organizations on delete restrict,
    email         text        not null check (email = lower(email) and email like '_%@_%' and length(email) <= 254),
    name          text        not null check (name <> '' and length(name) <= 200),
    password_hash text        check (password_hash like '$argon2id$%'),
    created_at    timestamptz not null default now(),
    disabled_at   timestamptz,
    deleted_at    timestamptz
);
create unique index users_email on users (email) where deleted_at is null;

create table members (
    org_id     uuid        not null references organizations on delete restrict,
    user_id    uuid        not null references users on delete restrict,
    role       text        not null check (role in ('owner', 'admin', 'operator', 'viewer')),
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, user_id)
);

-- Of what lets someone in we keep a SHA-256, never the secret: it has 256 random bits, so no slow hash is needed.
create table sessions (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    user_id     uuid        not null,
    secret_hash bytea       not null check (length(secret_hash) = 32),
    address     text        not null default '',
    agent       text        not null default '' check (length(agent) <= 400),
    created_at  timestamptz not null default now(),
    used_at     timestamptz not null default now(),
    expires_at  timestamptz not null check (expires_at > created_at),
    ended_at    timestamptz,
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create unique index sessions_secret on sessions (org_id, secret_hash);
create index sessions_user on sessions (org_id, user_id, created_at desc);

create table api_tokens (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    user_id     uuid        not null,
    name        text        not null check (name <> '' and length(name) <= 100),
    secret_hash bytea       not null check (length(secret_hash) = 32),
    created_at  timestamptz not null default now(),
    used_at     timestamptz,
    expires_at  timestamptz check (expires_at > created_at),
    revoked_at  timestamptz,
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create unique index api_tokens_secret on api_tokens (org_id, secret_hash);
create unique index api_tokens_name on api_tokens (org_id, user_id, lower(name)) where revoked_at is null;

-- The link that makes the first owner, before there is any organization.
create table setup_links (
    id          uuid        not null primary key default gen_random_uuid(),
    secret_hash bytea       not null unique check (length(secret_hash) = 32),
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null check (expires_at > created_at),
    used_at     timestamptz
);

-- Token buckets against guessing. They outlive restarts; the keys are hashes, so that no address or e-mail lies here.
create table throttles (
    bucket bytea            not null primary key check (length(bucket) = 32),
    tokens double precision not null,
    at     timestamptz      not null default now()
);
create index throttles_at on throttles (at);

-- What was done, tried and refused. Nothing in here is ever changed: the application may only add, the owner too.
create table audit_records (
    org_id     uuid        not null references organizations on delete restrict,
    id         uuid        not null default gen_random_uuid(),
    at         timestamptz not null default clock_timestamp(),
    act        text        not null check (act ~ '^[a-z_]+\.[a-z_]+$'),
    object     text        not null check (length(object) <= 1000),
    outcome    text        not null check (outcome in ('started', 'done', 'failed', 'refused')),
    actor_id   uuid,
    actor_kind text        not null check (actor_kind in ('session', 'token', 'system')),
    request_id text        not null default '',
    trace_id   text        not null default '',
    address    text        not null default '',
    detail     jsonb       not null default '{}' check (jsonb_typeof(detail) = 'object'),
    created_at timestamptz not null default now(),
    primary key (org_id, id)
);
create index audit_records_at on audit_records (org_id, at desc, id desc);
create index audit_records_object on audit_records (org_id, object, at desc);

create function basefly_append_only() returns trigger language plpgsql set search_path from current as $$
begin
    raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_records_stay before update or delete on audit_records
    for each row execute function basefly_append_only();
create trigger audit_records_stay_all before truncate on audit_records
    for each statement execute function basefly_append_only();

select basefly_tenant('members'), basefly_tenant('sessions'), basefly_tenant('api_tokens'),
       basefly_tenant('audit_records');

grant select, insert, update on users, members, api_tokens, setup_links to basefly_app;
grant select, insert, update, delete on sessions, throttles to basefly_app;
grant select, insert on audit_records to basefly_app;
