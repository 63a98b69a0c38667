-- The record proves itself. Records stay as they were written, in months; what chains them lies beside them, so that
-- nothing that was written is ever written again.

-- Nothing in here is ever changed. Only audit_trim deletes, as the schema's owner and after its own checks.
create or replace function basefly_append_only() returns trigger language plpgsql set search_path from current as $$
begin
    if tg_op = 'DELETE' and current_setting('app.audit_trim', true) = 'on'
       and current_user = (select r.rolname from pg_class c join pg_roles r on r.oid = c.relowner where c.oid = tg_relid)
    then
        return old;
    end if;
    raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
end $$;

alter table audit_records rename to audit_records_before;
alter index audit_records_pkey rename to audit_records_before_pkey;
alter index audit_records_at rename to audit_records_before_at;
alter index audit_records_object rename to audit_records_before_object;
-- From PostgreSQL 18 on "not null" has a name, which the table to come would find taken.
do $$
declare
    name text;
begin
    for name in select conname from pg_constraint where conrelid = 'audit_records_before'::regclass and contype = 'n' loop
        execute format('alter table audit_records_before rename constraint %I to %I',
                       name, replace(name, 'audit_records', 'audit_records_before'));
    end loop;
end $$;
alter table audit_records_before disable trigger user;
alter table audit_records_before no force row level security;

-- `personal` has what erasing takes away: for each person, one text sealed by a key of their own. `address` is only
-- in records from before that, in the clear.
create table audit_records (
    org_id       uuid        not null references organizations on delete restrict,
    id           uuid        not null default gen_random_uuid(),
    at           timestamptz not null default clock_timestamp(),
    act          text        not null check (act ~ '^[a-z_]+\.[a-z_]+$'),
    object       text        not null check (length(object) <= 1000),
    outcome      text        not null check (outcome in ('started', 'done', 'failed', 'refused')),
    actor_id     uuid,
    actor_kind   text        not null check (actor_kind ~ '^[a-z]+$'),
    on_behalf_of uuid,
    request_id   text        not null default '',
    trace_id     text        not null default '',
    address      text        not null default '',
    detail       jsonb       not null default '{}' check (jsonb_typeof(detail) = 'object'),
    before       jsonb,
    after        jsonb,
    personal     jsonb       not null default '{}' check (jsonb_typeof(personal) = 'object'),
    primary key (org_id, at, id)
) partition by range (at);
create index audit_records_object on audit_records (org_id, object, at desc);
create index audit_records_actor on audit_records (org_id, actor_id, at desc);
create trigger audit_records_stay before update or delete on audit_records
    for each row execute function basefly_append_only();
create trigger audit_records_stay_all before truncate on audit_records
    for each statement execute function basefly_append_only();

-- Makes the month that holds `moment`, if it is not there; whoever runs the hub owns nothing and could not.
-- Attaching takes no lock that a writer would feel.
create function audit_month(moment timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    month timestamptz := date_trunc('month', moment at time zone 'UTC') at time zone 'UTC';
    next timestamptz := (date_trunc('month', moment at time zone 'UTC') + interval '1 month') at time zone 'UTC';
    name text := 'audit_records_' || to_char(moment at time zone 'UTC', 'YYYYMM');
begin
    if to_regclass(name) is not null then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('audit_month'));
    if to_regclass(name) is not null then
        return false;
    end if;
    execute format('create table %I (like audit_records including defaults including constraints)', name);
    execute format('alter table audit_records attach partition %I for values from (%L) to (%L)', name, month, next);
    execute format('create trigger audit_records_stay_all before truncate on %I for each statement'
                   ' execute function basefly_append_only()', name);
    execute format('select basefly_tenant(%L)', name);
    return true;
end $$;
revoke execute on function audit_month(timestamptz) from public;

select audit_month(m) from (
    select generate_series(coalesce(min(at), now()), now(), interval '1 month') as m from audit_records_before
    union select now() + n * interval '1 month' from generate_series(0, 24) as n
) as months;
insert into audit_records
    (org_id, id, at, act, object, outcome, actor_id, actor_kind, request_id, trace_id, address, detail)
select org_id, id, at, act, object, outcome, actor_id, actor_kind, request_id, trace_id, address, detail
from audit_records_before;

-- Records that no link of the chain holds yet: the sequencer takes them out within a second. Only who writes a record
-- writes here too, so the record's own reference to its organization is enough.
create table audit_pending (
    org_id    uuid        not null,
    at        timestamptz not null,
    record_id uuid        not null,
    primary key (org_id, at, record_id)
);
insert into audit_pending (org_id, at, record_id) select org_id, at, id from audit_records_before;
drop table audit_records_before;

-- The chain: one link a record, without a gap. There is no foreign key: a link outlives its record at the edge of what
-- retention took, and verifying finds what is missing.
create table audit_chain (
    org_id    uuid        not null,
    seq       bigint      not null check (seq > 0),
    record_at timestamptz not null,
    record_id uuid        not null,
    hash      bytea       not null check (length(hash) = 32),
    at        timestamptz not null default clock_timestamp(),
    primary key (org_id, seq),
    unique (org_id, record_at, record_id)
);
create trigger audit_chain_stays before update or delete on audit_chain
    for each row execute function basefly_append_only();
create trigger audit_chain_stays_all before truncate on audit_chain
    for each statement execute function basefly_append_only();

-- What was signed about the chain; the same lines lie outside the database. `trimmed_before`: what is older is gone.
create table audit_checkpoints (
    org_id         uuid        not null references organizations on delete restrict,
    at             timestamptz not null,
    seq            bigint      not null check (seq > 0),
    hash           bytea       not null check (length(hash) = 32),
    trimmed_before timestamptz,
    key            bytea       not null check (length(key) = 32),
    signature      bytea       not null check (length(signature) = 64),
    primary key (org_id, at)
);
create trigger audit_checkpoints_stay before update or delete on audit_checkpoints
    for each row execute function basefly_append_only();
create trigger audit_checkpoints_stay_all before truncate on audit_checkpoints
    for each statement execute function basefly_append_only();

-- The key of each person's fields in the audit, sealed by the organization's; erasing takes it away.
create table audit_subjects (
    org_id     uuid        not null references organizations on delete restrict,
    subject_id uuid        not null,
    wrapped    bytea,
    created_at timestamptz not null default now(),
    erased_at  timestamptz,
    primary key (org_id, subject_id),
    check ((wrapped is null) = (erased_at is not null))
);

create table audit_settings (
    org_id         uuid        not null primary key references organizations on delete restrict,
    retention_days integer     check (retention_days >= 30),
    trimmed_before timestamptz,
    created_at     timestamptz not null default now()
);

-- Takes the organization's whole months before `cutoff` away: older than its retention, chained, and under a
-- checkpoint. A month that is empty for everybody goes with its table. Returns the records taken.
create function audit_trim(cutoff timestamptz) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org uuid := nullif(current_setting('app.org', true), '')::uuid;
    last bigint;
    floor bigint;
    taken bigint;
begin
    if cutoff <> date_trunc('month', cutoff at time zone 'UTC') at time zone 'UTC' then
        raise exception 'only whole months are taken' using errcode = 'invalid_parameter_value';
    end if;
    if not exists (select from audit_settings s where s.org_id = org
                   and cutoff <= now() - s.retention_days * interval '1 day') then
        raise exception 'the retention does not allow that' using errcode = 'insufficient_privilege';
    end if;
    if exists (select from audit_pending p where p.org_id = org and p.at < cutoff) then
        raise exception 'not everything before that is chained' using errcode = 'object_not_in_prerequisite_state';
    end if;
    select max(c.seq) into last from audit_chain c where c.org_id = org and c.record_at < cutoff;
    if last is null then
        return 0;
    end if;
    select min(c.seq) - 1 into floor from audit_chain c where c.org_id = org and c.record_at >= cutoff;
    if not exists (select from audit_checkpoints k where k.org_id = org and k.seq >= last)
       or not exists (select from audit_checkpoints k where k.org_id = org and k.seq = floor
                      and k.trimmed_before = cutoff) then
        raise exception 'no checkpoint says so' using errcode = 'object_not_in_prerequisite_state';
    end if;
    perform set_config('app.audit_trim', 'on', true);
    delete from audit_records r where r.org_id = org and r.at < cutoff;
    get diagnostics taken = row_count;
    delete from audit_chain c where c.org_id = org and c.seq <= floor;
    perform set_config('app.audit_trim', '', true);
    update audit_settings s set trimmed_before = cutoff where s.org_id = org;
    return taken;
end $$;
revoke execute on function audit_trim(timestamptz) from public;

-- Drops months before `cutoff` that hold nothing of anybody: asked in the name of each, for the lock binds us too.
create function audit_drop_months(cutoff timestamptz) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    month record;
    whose uuid;
    org text := current_setting('app.org', true);
    held boolean;
    dropped integer := 0;
begin
    for month in
        select c.oid::regclass as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'audit_records'::regclass and c.relname ~ '^audit_records_[0-9]{6}$'
          and right(c.relname, 6) < to_char(least(cutoff, now()) at time zone 'UTC', 'YYYYMM')
    loop
        held := false;
        for whose in select id from organizations loop
            perform set_config('app.org', whose::text, true);
            execute format('select exists (select from %s where org_id = %L)', month.name, whose) into held;
            exit when held;
        end loop;
        if not held then
            execute format('drop table %s', month.name);
            dropped := dropped + 1;
        end if;
    end loop;
    perform set_config('app.org', coalesce(org, ''), true);
    return dropped;
end $$;
revoke execute on function audit_drop_months(timestamptz) from public;

select basefly_tenant('audit_records'), basefly_tenant('audit_pending'), basefly_tenant('audit_chain'),
       basefly_tenant('audit_checkpoints'), basefly_tenant('audit_subjects'), basefly_tenant('audit_settings');

grant select, insert on audit_records, audit_chain, audit_checkpoints to basefly_app;
grant select, insert, delete on audit_pending to basefly_app;
grant select, insert, update on audit_subjects, audit_settings to basefly_app;
grant execute on function audit_month(timestamptz), audit_trim(timestamptz), audit_drop_months(timestamptz)
    to basefly_app;
