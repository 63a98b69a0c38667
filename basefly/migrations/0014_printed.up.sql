-- The columns which a custom resource's definition prints, in the version in which it is followed. Definitions are read
-- anew, so that the columns come to be known.
alter table sync_streams add column printed jsonb not null default '[]' check (jsonb_typeof(printed) = 'array');

do $$
declare organization uuid;
begin
    for organization in select id from organizations loop
        perform set_config('app.org', organization::text, true);
        update sync_streams set resource_version = ''
        where org_id = organization and resource = 'customresourcedefinitions.apiextensions.k8s.io';
    end loop;
    perform set_config('app.org', '', true);
end $$;
