drop table data_exports;
drop table audit_streams;
drop table audit_verdicts;
