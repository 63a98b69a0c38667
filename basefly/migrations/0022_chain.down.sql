create table audit_records_after (
    org_id     uuid        not null references organizations on delete restrict,
    id         uuid        not null default gen_random_uuid(),
    at         timestamptz not null default clock_timestamp(),
    act        text        not null check (act ~ '^[a-z_]+\.[a-z_]+$'),
    object     text        not null check (length(object) <= 1000),
    outcome    text        not null check (outcome in ('started', 'done', 'failed', 'refused')),
    actor_id   uuid,
    actor_kind text        not null check (actor_kind in ('session', 'token', 'system')),
    request_id text        not null default '',
    trace_id   text        not null default '',
    address    text        not null default '',
    detail     jsonb       not null default '{}' check (jsonb_typeof(detail) = 'object'),
    created_at timestamptz not null default now(),
    primary key (org_id, id)
);
alter table audit_records no force row level security;
insert into audit_records_after
    (org_id, id, at, act, object, outcome, actor_id, actor_kind, request_id, trace_id, address, detail)
select org_id, id, at, act, object, outcome, actor_id,
       case when actor_kind in ('session', 'token') then actor_kind else 'system' end,
       request_id, trace_id, address, detail
from audit_records;
drop function audit_trim(timestamptz);
drop function audit_drop_months(timestamptz);
drop function audit_month(timestamptz);
drop table audit_settings;
drop table audit_subjects;
drop table audit_checkpoints;
drop table audit_chain;
drop table audit_pending;
drop table audit_records;

create or replace function basefly_append_only() returns trigger language plpgsql set search_path from current as $$
begin
    raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
end $$;
alter table audit_records_after rename to audit_records;
alter index audit_records_after_pkey rename to audit_records_pkey;
alter table audit_records rename constraint audit_records_after_org_id_fkey to audit_records_org_id_fkey;
alter table audit_records rename constraint audit_records_after_act_check to audit_records_act_check;
alter table audit_records rename constraint audit_records_after_object_check to audit_records_object_check;
alter table audit_records rename constraint audit_records_after_outcome_check to audit_records_outcome_check;
alter table audit_records rename constraint audit_records_after_actor_kind_check to audit_records_actor_kind_check;
alter table audit_records rename constraint audit_records_after_detail_check to audit_records_detail_check;
do $$
declare
    name text;
begin
    for name in select conname from pg_constraint where conrelid = 'audit_records'::regclass and contype = 'n' loop
        execute format('alter table audit_records rename constraint %I to %I',
                       name, replace(name, 'audit_records_after', 'audit_records'));
    end loop;
end $$;
create index audit_records_at on audit_records (org_id, at desc, id desc);
create index audit_records_object on audit_records (org_id, object, at desc);
create trigger audit_records_stay before update or delete on audit_records
    for each row execute function basefly_append_only();
create trigger audit_records_stay_all before truncate on audit_records
    for each statement execute function basefly_append_only();
select basefly_tenant('audit_records');
grant select, insert on audit_records to basefly_app;
