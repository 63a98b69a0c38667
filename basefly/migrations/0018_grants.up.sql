-- Roles of an organization's own, teams, and grants: the single truth of who may do what, where, and until when.
create table roles (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    name        text        not null check (name <> '' and length(name) <= 60),
    description text        not null default '' check (length(description) <= 400),
    permissions text[]      not null check (cardinality(permissions) between 1 and 500),
    created_at  timestamptz not null default now(),
    created_by  uuid,
    primary key (org_id, id),
    check (lower(name) not in ('owner', 'admin', 'operator', 'developer', 'viewer', 'billing'))
);
create unique index roles_name on roles (org_id, lower(name));

create table teams (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    name        text        not null check (name <> '' and length(name) <= 60),
    description text        not null default '' check (length(description) <= 400),
    created_at  timestamptz not null default now(),
    created_by  uuid,
    primary key (org_id, id)
);
create unique index teams_name on teams (org_id, lower(name));

create table team_members (
    org_id     uuid        not null references organizations on delete restrict,
    team_id    uuid        not null,
    user_id    uuid        not null,
    created_at timestamptz not null default now(),
    added_by   uuid,
    primary key (org_id, team_id, user_id),
    foreign key (org_id, team_id) references teams (org_id, id) on delete restrict,
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create index team_members_user on team_members (org_id, user_id);

-- The groups that a person's identity provider says they are in; written at each sign-in.
create table if not exists user_groups (
    org_id     uuid        not null references organizations on delete restrict,
    user_id    uuid        not null,
    issuer     text        not null,
    name       text        not null,
    created_at timestamptz not null default now(),
    primary key (org_id, user_id, issuer, name),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);

-- A role of ours goes by its name, one of the organization's own by its id. Of the four ways to say where, one is given.
-- Whoever wants to know what was granted once finds it in the audit: a grant that is revoked is gone from here.
create table grants (
    org_id      uuid        not null references organizations on delete restrict,
    id          uuid        not null default gen_random_uuid(),
    user_id     uuid,
    team_id     uuid,
    group_name  text        check (group_name <> '' and length(group_name) <= 200),
    role        text        check (role in ('owner', 'admin', 'operator', 'developer', 'viewer', 'billing')),
    role_id     uuid,
    clusters    text        not null default 'all' check (clusters in ('all', 'ids', 'labels', 'region')),
    cluster_ids uuid[]      check (cardinality(cluster_ids) between 1 and 1000),
    labels      text        check (labels <> '' and length(labels) <= 1000),
    region      text        check (region <> '' and length(region) <= 100),
    namespaces  text[]      check (cardinality(namespaces) between 1 and 1000),
    expires_at  timestamptz,
    reason      text        not null default '' check (length(reason) <= 400),
    granted_by  uuid,
    created_at  timestamptz not null default now(),
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict,
    foreign key (org_id, team_id) references teams (org_id, id) on delete restrict,
    foreign key (org_id, role_id) references roles (org_id, id) on delete restrict,
    check (num_nonnulls(user_id, team_id, group_name) = 1),
    check (num_nonnulls(role, role_id) = 1),
    check ((clusters = 'ids') = (cluster_ids is not null)),
    check ((clusters = 'labels') = (labels is not null)),
    check ((clusters = 'region') = (region is not null))
);
create index grants_user on grants (org_id, user_id) where user_id is not null;
create index grants_team on grants (org_id, team_id) where team_id is not null;
create index grants_group on grants (org_id, group_name) where group_name is not null;
create index grants_role on grants (org_id, role_id) where role_id is not null;

select basefly_tenant('roles'), basefly_tenant('teams'), basefly_tenant('team_members'),
       basefly_tenant('user_groups'), basefly_tenant('grants');
grant select, insert, update, delete on roles, teams, team_members, user_groups, grants to basefly_app;

do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        insert into grants (org_id, user_id, role, created_at)
        select org_id, user_id, role, created_at from members where org_id = organization and deleted_at is null;
    end loop;
    perform set_config('app.org', '', true);
end $$;
alter table members drop column role;
