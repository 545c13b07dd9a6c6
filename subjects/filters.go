package subjects

// StoredAs returns the filter for the stored events of a name, of all learners and in all partitions.
func StoredAs(event string) string { return "learning.*.*." + escapeTokens(event) }
