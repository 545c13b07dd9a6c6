package cli

// ImportCmd is a stub.
type ImportCmd struct{}

func (ImportCmd) Run() error { return nil }
