drop index objects_by_subject;
drop table rights_verdicts;
drop table rights_choices;
