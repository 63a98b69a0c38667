-- What goes on in pods while people are in there, where their organization wants it written down.
create table terminal_settings (
    org_id         uuid        not null primary key references organizations on delete restrict,
    recorded       text        not null default 'off' check (recorded in ('off', 'shells', 'everything')),
    retention_days integer     check (retention_days between 1 and 3650), -- null: for ever
    created_at     timestamptz not null default now()
);

-- One session in a container. The cluster's name is that of the time: a recording outlives its cluster.
create table terminal_recordings (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    cluster_id   uuid        not null,
    cluster_name text        not null,
    namespace    text        not null,
    pod          text        not null,
    container    text        not null,
    command      bytea       not null, -- sealed: secrets stand in commands
    user_id      uuid        not null references users on delete restrict,
    way          text        not null check (way in ('page', 'kubectl')),
    terminal     boolean     not null,
    width        integer     not null default 80,
    height       integer     not null default 24,
    exit_code    integer,
    bytes        bigint      not null default 0,
    seconds      double precision not null default 0,
    started_at   timestamptz not null default now(),
    told_at      timestamptz not null default now(), -- when something last came
    ended_at     timestamptz,
    created_at   timestamptz not null default now(),
    primary key (org_id, id)
);
create index terminal_recordings_newest on terminal_recordings (org_id, started_at desc, id desc);

-- What was typed and shown, as lines of an asciicast, compressed and sealed.
create table terminal_chunks (
    org_id       uuid        not null references organizations on delete restrict,
    recording_id uuid        not null,
    seq          integer     not null check (seq >= 0),
    sealed       bytea       not null,
    created_at   timestamptz not null default now(),
    primary key (org_id, recording_id, seq),
    foreign key (org_id, recording_id) references terminal_recordings (org_id, id) on delete restrict
);

select basefly_tenant('terminal_settings'), basefly_tenant('terminal_recordings'), basefly_tenant('terminal_chunks');
grant select, insert, update on terminal_settings to basefly_app;
grant select, insert, update, delete on terminal_recordings to basefly_app;
grant select, insert, delete on terminal_chunks to basefly_app;
