-- By which sign-in a user agreed: a mark of the password that was good then. What was agreed to under a password is worth
-- nothing under the next one. Null, of codes and devices from before: they are worth nothing either, and soon over.
alter table pawtrail.oauth_codes add column sign_in_mark text;
alter table pawtrail.oauth_devices add column sign_in_mark text;
