-- An operation may wait for a person; `error` then says why.
alter table operations drop constraint operations_state_check;
alter table operations add constraint operations_state_check
    check (state in ('pending', 'running', 'paused', 'done', 'failed', 'cancelled')) not valid;
alter table operations validate constraint operations_state_check;

-- Orders to empty nodes. It goes on in the name of `acting_for`, with no more than the permissions in `held`, which are
-- those that they had over the cluster when they ordered, resumed or cancelled it.
create table drains (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    cluster_id   uuid        not null,
    operation_id uuid        not null,
    state        text        not null default 'running'
                 check (state in ('running', 'cancelling', 'done', 'blocked', 'paused', 'failed', 'cancelled')),
    reason       text        not null default '',
    options      jsonb       not null check (jsonb_typeof(options) = 'object'),
    started_by   uuid        not null references users on delete restrict,
    acting_for   uuid        not null references users on delete restrict,
    held         text[]      not null,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    primary key (org_id, id),
    foreign key (org_id, cluster_id) references clusters (org_id, id) on delete restrict,
    foreign key (org_id, operation_id) references operations (org_id, id) on delete restrict,
    check ((state in ('running', 'cancelling', 'paused')) = (finished_at is null))
);
create index drains_cluster on drains (org_id, cluster_id, created_at desc, id);

-- Its nodes, in their order. `uid` and `was_cordoned` are what was found, `cordoned_at` is when we had cordoned it.
create table drain_nodes (
    org_id       uuid        not null references organizations on delete restrict,
    drain_id     uuid        not null,
    cluster_id   uuid        not null,
    name         text        not null check (name <> ''),
    position     integer     not null,
    state        text        not null default 'waiting'
                 check (state in ('waiting', 'draining', 'done', 'blocked', 'failed', 'cancelled')),
    reason       text        not null default '',
    uid          text        not null default '',
    was_cordoned boolean     not null default false,
    cordoned_at  timestamptz,
    deadline_at  timestamptz,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    primary key (org_id, drain_id, name),
    foreign key (org_id, drain_id) references drains (org_id, id) on delete restrict
);
-- Nobody drains a node that is being drained.
create unique index drain_nodes_open on drain_nodes (org_id, cluster_id, name) where state in ('waiting', 'draining');

-- The pods that were found on them. `facts` are what `reason` needs to be told: a budget's figures, finalizers.
create table drain_pods (
    org_id     uuid        not null references organizations on delete restrict,
    drain_id   uuid        not null,
    node       text        not null,
    uid        text        not null check (uid <> ''),
    namespace  text        not null,
    name       text        not null,
    owner      text        not null default '',
    state      text        not null
               check (state in ('waiting', 'evicting', 'blocked', 'leaving', 'gone', 'skipped', 'failed')),
    reason     text        not null default '',
    facts      jsonb       not null default '{}' check (jsonb_typeof(facts) = 'object'),
    tries      integer     not null default 0 check (tries >= 0),
    due_at     timestamptz not null default now(),
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (org_id, drain_id, uid),
    foreign key (org_id, drain_id, node) references drain_nodes (org_id, drain_id, name) on delete restrict
);
create index drain_pods_node on drain_pods (org_id, drain_id, node);

select basefly_tenant('drains'), basefly_tenant('drain_nodes'), basefly_tenant('drain_pods');
grant select, insert, update on drains, drain_nodes, drain_pods to basefly_app;
