-- What proves a person besides the password. It lies in the organization of their home, whose key seals the secrets.
-- `last_step` is the last 30 seconds whose code was taken: no code is taken twice (RFC 6238, section 5.2).
create table totp_devices (
    org_id       uuid        not null references organizations on delete restrict,
    user_id      uuid        not null,
    sealed       bytea       not null,
    last_step    bigint      not null default 0,
    created_at   timestamptz not null default now(),
    confirmed_at timestamptz, -- null: shown to its owner, who has not sent a code of it yet
    used_at      timestamptz,
    primary key (org_id, user_id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);

-- A code has 120 random bits, so that a plain SHA-256 of it is enough.
create table recovery_codes (
    org_id     uuid        not null references organizations on delete restrict,
    user_id    uuid        not null,
    code_hash  bytea       not null check (length(code_hash) = 32),
    created_at timestamptz not null default now(),
    used_at    timestamptz,
    primary key (org_id, user_id, code_hash),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);

create table passkeys (
    org_id        uuid        not null references organizations on delete restrict,
    id            uuid        not null default gen_random_uuid(),
    user_id       uuid        not null,
    name          text        not null check (name <> '' and length(name) <= 100),
    credential_id bytea       not null check (length(credential_id) between 1 and 1023),
    public_key    bytea       not null,
    sign_count    bigint      not null check (sign_count >= 0),
    synced        boolean     not null, -- its maker keeps a copy, so that losing the device loses it not
    created_at    timestamptz not null default now(),
    used_at       timestamptz,
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create unique index passkeys_credential on passkeys (org_id, credential_id);
create index passkeys_user on passkeys (org_id, user_id, created_at);

-- What a passkey signs: given to one browser, for one purpose, for five minutes, once. Nobody may be known yet, so it
-- is no tenant's; only its hash lies here.
create table challenges (
    hash       bytea       not null primary key check (length(hash) = 32),
    purpose    text        not null check (purpose in ('sign_in', 'registration', 'proof')),
    bound      bytea       not null check (length(bound) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null check (expires_at > created_at)
);
create index challenges_expires_at on challenges (expires_at);

-- The password was right; the second factor is awaited from the same browser.
create table pending_sign_ins (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    user_id     uuid        not null,
    secret_hash bytea       not null check (length(secret_hash) = 32),
    proved      text[]      not null,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null check (expires_at > created_at),
    ended_at    timestamptz,
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create unique index pending_sign_ins_secret on pending_sign_ins (org_id, secret_hash);

-- When and by what the person behind a session last proved themselves.
alter table sessions
    add column proved_at timestamptz not null default now(),
    add column factors   text[]      not null default '{password}';
alter table organizations add column second_factor_required boolean not null default false;

select basefly_tenant('totp_devices'), basefly_tenant('recovery_codes'), basefly_tenant('passkeys'),
       basefly_tenant('pending_sign_ins');
grant select, insert, update, delete on totp_devices, recovery_codes, passkeys, pending_sign_ins, challenges
    to basefly_app;
