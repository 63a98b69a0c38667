-- A cluster that was put back to an older state (a restored etcd): whoever decides by what is gone must know.
alter table clusters add column restored_at timestamptz;

-- What a list no longer showed though no watch had told of its end: kept for a while, so that its page can say so.
create table tombstones (
    org_id     uuid        not null references organizations on delete restrict,
    cluster_id uuid        not null,
    resource   text        not null collate "C",
    uid        text        not null collate "C",
    namespace  text        not null collate "C",
    name       text        not null collate "C",
    reason     text        not null check (reason in ('missed', 'restored', 'unserved')),
    created_at timestamptz not null default now(),
    primary key (org_id, cluster_id, resource, uid),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict
);

select basefly_tenant('tombstones');
grant select, insert, update, delete on tombstones to basefly_app;
