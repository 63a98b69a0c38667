drop table view_defaults;
drop table views;
