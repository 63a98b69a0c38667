-- Back to one role over the whole organization, and never to more than someone had: a developer becomes a viewer. Even
-- a viewer sees everything, so whoever had no more than narrower, ending or other roles is taken out, to be added again.
-- The later columns are made anew, so that they stand behind the role as they did.
alter table members add column role text, add column born timestamptz, add column died timestamptz;
do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        update members m set born = m.created_at, died = m.deleted_at, role = coalesce((
            select case g.role when 'developer' then 'viewer' else g.role end
            from grants g
            where g.org_id = organization and g.user_id = m.user_id and g.role <> 'billing' and g.clusters = 'all'
              and g.namespaces is null and g.expires_at is null
            order by array_position(array['owner', 'admin', 'operator', 'developer', 'viewer'], g.role)
            limit 1), '')
        where m.org_id = organization;
        update members set role = 'viewer', died = coalesce(died, now())
        where org_id = organization and role = '';
    end loop;
    perform set_config('app.org', '', true);
end $$;
alter table members drop column created_at, drop column deleted_at;
alter table members rename column born to created_at;
alter table members rename column died to deleted_at;
alter table members alter column created_at set default now(), alter column created_at set not null,
    alter column role set not null,
    add constraint members_role_check check (role in ('owner', 'admin', 'operator', 'viewer'));
drop table grants;
drop table user_groups;
drop table team_members;
drop table teams;
drop table roles;
