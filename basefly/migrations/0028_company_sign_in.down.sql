drop index identity_providers_required;
alter table identity_providers drop column required;
