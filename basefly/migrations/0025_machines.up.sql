-- Tokens that can do little, service accounts, and sign-in for the command line.
-- What a token may at most; null is all that its owner may. Clusters are those it is limited to; null is all of them.
alter table api_tokens
    add column permissions  text[],
    add column clusters     uuid[],
    add column used_address text not null default '';

-- A service account is a member that is no person: it has no password and signs in nowhere, it only has tokens.
alter table users add column kind text not null default 'person' check (kind in ('person', 'service'));
alter table users add constraint users_service_has_no_password check (kind = 'person' or password_hash is null);

-- A device that asks to be signed in (RFC 8628). It is made before anyone is known, so it belongs to no tenant until
-- someone approves it; of both of its codes only the hashes lie here.
create table device_requests (
    device_hash bytea       not null primary key check (length(device_hash) = 32),
    user_hash   bytea       not null unique check (length(user_hash) = 32),
    machine     text        not null check (machine <> '' and length(machine) <= 100),
    address     text        not null default '',
    agent       text        not null default '' check (length(agent) <= 400),
    pause       integer     not null default 5 check (pause > 0), -- seconds between two questions
    asked_at    timestamptz,
    refused_at  timestamptz,
    approved_at timestamptz,
    home_org_id uuid        references organizations on delete restrict, -- of whoever approved it
    user_id     uuid        references users on delete restrict,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null check (expires_at > created_at),
    check ((approved_at is null) = (user_id is null) and (user_id is null) = (home_org_id is null))
);
create index device_requests_expiry on device_requests (expires_at);
grant select, insert, update, delete on device_requests to basefly_app;
