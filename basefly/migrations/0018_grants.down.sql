-- Back to one role over the whole organization, and never to more than someone had: a developer becomes a viewer. Even
-- a viewer sees everything, so whoever had no more than narrower, ending or other roles is taken out, to be added again.
alter table members add column role text;
do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        update members m set role = coalesce((
            select case g.role when 'developer' then 'viewer' else g.role end
            from grants g
            where g.org_id = organization and g.user_id = m.user_id and g.role <> 'billing' and g.clusters = 'all'
              and g.namespaces is null and g.expires_at is null
            order by array_position(array['owner', 'admin', 'operator', 'developer', 'viewer'], g.role)
            limit 1), '')
        where m.org_id = organization;
        update members set role = 'viewer', deleted_at = coalesce(deleted_at, now())
        where org_id = organization and role = '';
    end loop;
    perform set_config('app.org', '', true);
end $$;
alter table members alter column role set not null,
    add constraint members_role_check check (role in ('owner', 'admin', 'operator', 'viewer'));
drop table grants;
drop table user_groups;
drop table team_members;
drop table teams;
drop table roles;
