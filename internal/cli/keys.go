package cli

import (
	"context"
	"fmt"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// KeysCmd is `homeroom keys`.
type KeysCmd struct {
	Create KeysCreateCmd `cmd:"" help:"Make a write key and print it, once."`
	List   KeysListCmd   `cmd:"" help:"List the write keys: what each is for, by whom it was made, and whether it may be used."`
	Revoke KeysRevokeCmd `cmd:"" help:"Take a write key out of use."`
}

// KeysCreateCmd is `homeroom keys create`.
type KeysCreateCmd struct {
	NATSFlags
	Name   string   `arg:"" help:"What it is for: the system that posts with it."`
	Scope  []string `help:"What it may be used for; events, or source:NAME for the bodies of one source. Default: everything." placeholder:"SCOPE"`
	Limit  int      `help:"At most so many events a second, for each process that takes events. Default: no limit." placeholder:"N"`
	Format string   `enum:"text,json" default:"text" help:"text or json."`
}

// Help is shown by `homeroom keys create --help`.
func (*KeysCreateCmd) Help() string {
	return `Who posts events over HTTP (homeroom serve --roles api) sends a write key along. The key is printed once: of it only a hash is
kept. One key for each system that posts makes it possible to revoke one without the others.

Example:
  homeroom keys create "course platform" --scope events --limit 5000`
}

// Run makes a key.
func (c *KeysCreateCmd) Run(ctx context.Context, o IO) error {
	made, err := askInstallation(ctx, o, c, "homeroom keys", func(i *admin.Installation) (admin.NewWriteKey, error) {
		return i.CreateWriteKey(ctx, admin.WriteKeyOptions{Name: c.Name, Scopes: c.Scope, PerSecond: c.Limit})
	})
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, made, fmt.Sprintf(`%s

Keep it safe: it is not shown again. Send it as a header:
  Authorization: Bearer %s`, made.Key, made.Key))
}

// KeysListCmd is `homeroom keys list`.
type KeysListCmd struct {
	NATSFlags
	Format string `enum:"table,json" default:"table" help:"table or json."`
}

// Help is shown by `homeroom keys list --help`.
func (*KeysListCmd) Help() string {
	return `Lists the write keys, the revoked ones too, without the keys themselves.

Example:
  homeroom keys list`
}

// Run prints the list.
func (c *KeysListCmd) Run(ctx context.Context, o IO) error {
	list, err := askInstallation(ctx, o, c, "homeroom keys", func(i *admin.Installation) (admin.WriteKeyList, error) { return i.WriteKeys(ctx) })
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, list, printing.KeysText(list.Keys))
}

// KeysRevokeCmd is `homeroom keys revoke`.
type KeysRevokeCmd struct {
	NATSFlags
	ID  string `arg:"" help:"The id of the key, as homeroom keys list shows it, or the key itself."`
	Yes bool   `help:"Do not ask."`
}

// Help is shown by `homeroom keys revoke --help`.
func (*KeysRevokeCmd) Help() string {
	return `Every process that takes events refuses the key within a second, with the status 401. It cannot be undone: make another key.

Example:
  homeroom keys revoke k3j7w2qd`
}

// Run revokes a key, after asking.
func (c *KeysRevokeCmd) Run(ctx context.Context, o IO) error {
	if !c.Yes {
		err := confirmAtTerminal(o, "no terminal is there to ask whether this key is meant: add --yes", "Whoever posts with this key is refused from now on. Revoke it?", "nothing was revoked")
		if err != nil {
			return err
		}
	}
	changed, err := askInstallation(ctx, o, c, "homeroom keys", func(i *admin.Installation) (bool, error) { return i.RevokeWriteKey(ctx, c.ID) })
	if err != nil {
		return err
	}
	text := "Revoked."
	if !changed {
		text = "It was revoked already."
	}
	return o.PrintText(text)
}
