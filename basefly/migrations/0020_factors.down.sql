alter table organizations drop column second_factor_required;
alter table sessions drop column factors, drop column proved_at;
drop table pending_sign_ins;
drop table challenges;
drop table passkeys;
drop table recovery_codes;
drop table totp_devices;
