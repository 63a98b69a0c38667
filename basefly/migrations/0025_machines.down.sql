drop table device_requests;
alter table users drop constraint users_service_has_no_password, drop column kind;
alter table api_tokens drop column permissions, drop column clusters, drop column used_address;
