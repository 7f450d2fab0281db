"""What people do on the pages: like, keep, follow, comment, report, look away; and what they are told."""
