"""Pages for people: sign in, register, one's own account, a new password, passkeys."""
