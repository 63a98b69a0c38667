-- Sign-in with an organization's own identity provider (OpenID Connect).
-- The name in the address /sign-in/NAME; it leads from outside to the organization, so it lies with the tenants.
alter table organizations add column if not exists slug text
    check (slug ~ '^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$');
create unique index if not exists organizations_slug on organizations (slug) where deleted_at is null;

create table identity_providers (
    org_id        uuid        not null references organizations on delete restrict,
    id            uuid        not null default gen_random_uuid(),
    name          text        not null check (name <> '' and length(name) <= 100),
    issuer        text        not null check (issuer like 'http%' and length(issuer) <= 500),
    client_id     text        not null check (client_id <> '' and length(client_id) <= 500),
    client_secret bytea,      -- sealed; null for a public client
    scopes        text[]      not null default '{openid,email,profile}',
    groups_claim  text        not null default '' check (length(groups_claim) <= 100),
    group_names   jsonb       not null default '{}' check (jsonb_typeof(group_names) = 'object'),
    domains       text[]      not null default '{}',
    create_role   text        not null default '', -- '': nobody is made on first sign-in
    require_mfa   boolean     not null default false,
    acr_values    text[]      not null default '{}',
    created_at    timestamptz not null default now(),
    deleted_at    timestamptz,
    primary key (org_id, id)
);
create unique index identity_providers_name on identity_providers (org_id, lower(name)) where deleted_at is null;
create unique index identity_providers_client on identity_providers (org_id, issuer, client_id)
    where deleted_at is null;

-- A sign-in on its way to the provider and back: used once, bound to the browser by the hash of its cookie.
create table federation_flows (
    org_id       uuid        not null references organizations on delete restrict,
    state_hash   bytea       not null check (length(state_hash) = 32),
    browser_hash bytea       not null check (length(browser_hash) = 32),
    provider_id  uuid        not null,
    nonce        text        not null,
    verifier     bytea       not null, -- sealed
    next         text        not null default '/',
    link_user_id uuid,       -- who asked, signed in, for this identity to be linked to them
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    primary key (org_id, state_hash),
    foreign key (org_id, provider_id) references identity_providers (org_id, id) on delete restrict
);
create index federation_flows_expiry on federation_flows (org_id, expires_at);

-- Who someone is at a provider. Never an e-mail address: those change hands.
create table federated_identities (
    org_id     uuid        not null references organizations on delete restrict,
    issuer     text        not null,
    subject    text        not null check (subject <> '' and length(subject) <= 255),
    user_id    uuid        not null,
    email      text        not null default '',
    created_at timestamptz not null default now(),
    used_at    timestamptz,
    primary key (org_id, issuer, subject),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create index federated_identities_user on federated_identities (org_id, user_id);

-- Which session came from which sign-in there, so that a sign-out there ends it here. Sessions are forgotten by
-- identity in its own time, so this points at them without holding them.
create table federated_sessions (
    org_id     uuid        not null references organizations on delete restrict,
    session_id uuid        not null,
    issuer     text        not null,
    subject    text        not null,
    sid        text        not null default '',
    client_id  text        not null,
    created_at timestamptz not null default now(),
    primary key (org_id, session_id)
);
create index federated_sessions_subject on federated_sessions (org_id, issuer, subject);
create index federated_sessions_sid on federated_sessions (org_id, issuer, sid) where sid <> '';

-- Logout tokens that were taken: none is taken twice while it could still be valid.
create table logout_tokens (
    org_id     uuid        not null references organizations on delete restrict,
    issuer     text        not null,
    jti_hash   bytea       not null check (length(jti_hash) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (org_id, issuer, jti_hash)
);
create index logout_tokens_expiry on logout_tokens (org_id, expires_at);

-- The groups that a provider last said someone is in. Grants to groups need the same table and may have made it.
do $$
begin
    if to_regclass('user_groups') is null then
        create table user_groups (
            org_id     uuid        not null references organizations on delete restrict,
            user_id    uuid        not null,
            issuer     text        not null,
            name       text        not null,
            created_at timestamptz not null default now(),
            primary key (org_id, user_id, issuer, name),
            foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
        );
        perform basefly_tenant('user_groups');
        comment on table user_groups is '0024'; -- so that the way back knows whose it is
    end if;
end $$;

select basefly_tenant('identity_providers'), basefly_tenant('federation_flows'),
       basefly_tenant('federated_identities'), basefly_tenant('federated_sessions'), basefly_tenant('logout_tokens');
grant select, insert, update on identity_providers to basefly_app;
grant select, insert, update, delete on federation_flows, federated_identities, federated_sessions, logout_tokens,
    user_groups to basefly_app;
