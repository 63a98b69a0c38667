-- What shows in an organization: what the hub's grants give ("hub"), or of that what the clusters' own rules allow
-- ("clusters"). Without a row: the hub's grants.
create table rights_choices (
    org_id     uuid        not null primary key references organizations on delete restrict,
    choice     text        not null check (choice in ('hub', 'clusters')),
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    changed_by uuid        not null
);

-- What a cluster said when it was asked whether it decides as its roles read. Where they differ, the cluster is asked.
create table rights_verdicts (
    org_id     uuid        not null references organizations on delete restrict,
    cluster_id uuid        not null,
    verdict    text        not null check (verdict in ('agrees', 'differs', 'refused')),
    detail     text        not null default '' check (length(detail) <= 500),
    asked      integer     not null default 0 check (asked >= 0),
    created_at timestamptz not null default now(),
    checked_at timestamptz not null default now(),
    primary key (org_id, cluster_id),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
);

-- Whoever asks is in few of a cluster's bindings: they are found by their subjects.
create index objects_by_subject on objects using gin ((cells -> 'subjects'))
    where resource in ('clusterrolebindings.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io');

select basefly_tenant('rights_choices'), basefly_tenant('rights_verdicts');
grant select, insert, update, delete on rights_choices, rights_verdicts to basefly_app;
