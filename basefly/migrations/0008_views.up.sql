-- Saved views: the address of a list under a name, one's own or shared in the organization.
create table views (
    org_id     uuid        not null references organizations on delete restrict,
    id         uuid        not null default gen_random_uuid(),
    user_id    uuid        not null,
    name       text        not null check (name <> '' and length(name) <= 100),
    address    text        not null check (address like '/%' and length(address) <= 4000),
    shared     boolean     not null default false,
    created_at timestamptz not null default now(),
    primary key (org_id, id),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict
);
create unique index views_name on views (org_id, user_id, lower(name));
create index views_shared on views (org_id, lower(name)) where shared;

-- The view that someone's list opens with.
create table view_defaults (
    org_id     uuid        not null references organizations on delete restrict,
    user_id    uuid        not null,
    path       text        not null check (path like '/%'),
    view_id    uuid        not null,
    created_at timestamptz not null default now(),
    primary key (org_id, user_id, path),
    foreign key (org_id, user_id) references members (org_id, user_id) on delete restrict,
    foreign key (org_id, view_id) references views (org_id, id) on delete restrict
);

select basefly_tenant('views'), basefly_tenant('view_defaults');
grant select, insert, update, delete on views, view_defaults to basefly_app;
