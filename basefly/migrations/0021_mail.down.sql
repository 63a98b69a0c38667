alter table users drop column email_verified_at;
drop table account_links;
drop table mails;
