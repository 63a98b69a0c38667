drop table invitations;
drop table elevations;
