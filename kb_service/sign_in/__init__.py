"""Coming in without a password of ours: by a link in a mail, or by the organisation's own sign-in."""
