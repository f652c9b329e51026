"""The inbox: the database table of webhook events that receiver and connector share."""
