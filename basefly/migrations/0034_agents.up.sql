-- Agents: small programs inside clusters that dial out to the hub.

-- Who the hub is to an organization's agents, its secret half sealed; and whether a person must approve each of them.
create table agent_settings (
    org_id     uuid        not null primary key references organizations on delete restrict,
    public     bytea       not null check (length(public) = 32),
    sealed     bytea       not null,
    approval   boolean     not null default true,
    created_at timestamptz not null default now()
);

-- What lets one agent enrol. Of its secret we keep a SHA-256. `cluster_id` is the cluster whose agent it will be; null
-- for a new one, which is then called and placed as `wishes` say.
create table agent_tokens (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    secret_hash  bytea       not null check (length(secret_hash) = 32),
    cluster_id   uuid,
    wishes       jsonb       not null default '{}' check (jsonb_typeof(wishes) = 'object'),
    approval     boolean     not null,
    created_by   uuid        not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null check (expires_at > created_at),
    used_at      timestamptz,
    withdrawn_at timestamptz,
    primary key (org_id, id),
    unique (org_id, secret_hash),
    foreign key (org_id, created_by) references members (org_id, user_id) on delete restrict,
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
);

-- An agent is known by its key, or by the next one, which it may use from the moment that it lies here.
-- `sealed` is how its cluster is spoken to, until that is approved; then it lies with the cluster's credentials.
-- The newest session counts, which is that of `epoch`; `holder` is where the process that has it is reached.
create table agents (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    token_id     uuid        not null,
    cluster_id   uuid,
    public       bytea       not null check (length(public) = 32),
    next_public  bytea       check (length(next_public) = 32),
    state        text        not null default 'pending' check (state in ('pending', 'approved', 'refused', 'revoked')),
    epoch        bigint      not null default 0,
    holder       text        not null default '',
    version      text        not null default '' check (length(version) <= 60),
    kubernetes   text        not null default '' check (length(kubernetes) <= 60),
    identity     text        not null default '' check (length(identity) <= 100),
    address      text        not null default '' check (length(address) <= 60),
    sealed       bytea,
    flaps        integer     not null default 0,
    created_at   timestamptz not null default now(),
    decided_by   uuid,
    decided_at   timestamptz,
    rotated_at   timestamptz not null default now(),
    connected_at timestamptz,
    seen_at      timestamptz,
    cut_at       timestamptz,
    cut_reason   text        not null default '' check (length(cut_reason) <= 300),
    primary key (org_id, id),
    foreign key (org_id, token_id) references agent_tokens (org_id, id) on delete restrict,
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict,
    check ((state in ('approved', 'revoked')) or cluster_id is null)
);
create unique index agents_public on agents (org_id, public);
create unique index agents_next_public on agents (org_id, next_public) where next_public is not null;
create unique index agents_cluster on agents (org_id, cluster_id) where state = 'approved';

alter table cluster_credentials
    drop constraint cluster_credentials_kind_check,
    add constraint cluster_credentials_kind_check check (kind in ('token', 'certificate', 'agent')) not valid;
alter table cluster_credentials validate constraint cluster_credentials_kind_check;

select basefly_tenant('agent_settings'), basefly_tenant('agent_tokens'), basefly_tenant('agents');
grant select, insert, update on agent_settings, agent_tokens, agents to basefly_app;
