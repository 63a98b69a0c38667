drop table tombstones;
alter table clusters drop column restored_at;
