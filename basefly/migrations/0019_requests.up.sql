-- Asked for and given for hours: who asks for which role over what, why, and who decided. Once approved it is a grant.
-- The role is a name or an id, which is looked up again when somebody decides.
create table elevations (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    user_id     uuid        not null,
    role        text        not null check (role <> '' and length(role) <= 60),
    role_name   text        not null,
    clusters    text        not null default 'all' check (clusters in ('all', 'ids', 'labels', 'region')),
    cluster_ids uuid[],
    labels      text,
    region      text,
    namespaces  text[],
    minutes     integer     not null check (minutes between 5 and 480),
    reason      text        not null check (reason <> '' and length(reason) <= 400),
    state       text        not null default 'pending'
                check (state in ('pending', 'approved', 'refused', 'withdrawn', 'ended')),
    decided_by  uuid,
    decided_at  timestamptz,
    note        text        not null default '' check (length(note) <= 400),
    grant_id    uuid,
    expires_at  timestamptz,
    created_at  timestamptz not null default now(),
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict,
    check ((state in ('pending', 'withdrawn')) or decided_by is not null),
    check (state <> 'approved' or (grant_id is not null and expires_at is not null))
);
create index elevations_newest on elevations (org_id, created_at desc, id);
create index elevations_open on elevations (org_id, expires_at) where state = 'approved';

-- Of the link that lets someone in we keep a SHA-256, never the secret.
create table invitations (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    email        text        not null check (email = lower(email) and email like '_%@_%' and length(email) <= 254),
    role         text        not null check (role <> '' and length(role) <= 60),
    role_name    text        not null,
    secret_hash  bytea       not null check (length(secret_hash) = 32),
    invited_by   uuid        not null,
    created_at   timestamptz not null default now(),
    sent_at      timestamptz not null default now(),
    expires_at   timestamptz not null,
    accepted_at  timestamptz,
    withdrawn_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, invited_by) references members (org_id, user_id) on delete restrict
);
create unique index invitations_secret on invitations (org_id, secret_hash);
create unique index invitations_open on invitations (org_id, email) where accepted_at is null and withdrawn_at is null;

select basefly_tenant('elevations'), basefly_tenant('invitations');
grant select, insert, update on elevations, invitations to basefly_app;
