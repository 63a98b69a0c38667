drop trigger apps_added on objects;
drop trigger apps_changed on objects;
drop trigger apps_gone on objects;
drop function sum_up_apps();
drop function unfold_app(text, jsonb, text, jsonb);
drop table app_rollups;
