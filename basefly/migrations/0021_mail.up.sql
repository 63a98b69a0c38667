-- Mail that must go out though the relay is down. What it says is made at sending, so that no link lies here and its
-- life begins when it goes. Whoever asks for a link may be nobody we know: the row is the same, so it is no tenant's.
create table mails (
    id           uuid        not null primary key default gen_random_uuid(),
    kind         text        not null check (kind ~ '^[a-z_]+$'),
    recipient    text        not null check (length(recipient) <= 254),
    words        jsonb       not null default '{}' check (jsonb_typeof(words) = 'object'),
    attempts     integer     not null default 0 check (attempts >= 0),
    error        text        not null default '',
    available_at timestamptz not null default now(),
    sent_at      timestamptz,
    given_up_at  timestamptz,
    created_at   timestamptz not null default now()
);
create index mails_due on mails (available_at) where sent_at is null and given_up_at is null;
create index mails_created_at on mails (created_at);

-- A link that was mailed, or that an operator made: good once, for an hour.
create table account_links (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    user_id     uuid        not null,
    purpose     text        not null check (purpose in ('reset', 'verification')),
    email       text        not null check (length(email) <= 254),
    secret_hash bytea       not null check (length(secret_hash) = 32),
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null check (expires_at > created_at),
    used_at     timestamptz,
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create unique index account_links_secret on account_links (org_id, secret_hash);
create index account_links_user on account_links (org_id, user_id);

alter table users add column email_verified_at timestamptz;

select basefly_tenant('account_links');
grant select, insert, update, delete on mails, account_links to basefly_app;
