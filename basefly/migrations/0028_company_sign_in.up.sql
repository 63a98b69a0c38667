-- An organization may want one of its providers of everybody; one at a time. A provider that is removed is wanted of
-- nobody. The check and the index are cheap: an organization has a handful of providers.
alter table identity_providers add column required boolean not null default false;
create unique index identity_providers_required on identity_providers (org_id) where required and deleted_at is null;
