package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"homeroom/admin"
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
	installation, err := c.connectAdmin(ctx, o, "homeroom keys")
	if err != nil {
		return err
	}
	defer installation.Close()
	made, err := installation.CreateWriteKey(ctx, admin.WriteKeyOptions{Name: c.Name, Scopes: c.Scope, PerSecond: c.Limit})
	if err != nil {
		return err
	}
	return printResult(o, c.Format, made, fmt.Sprintf(`%s

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
	installation, err := c.connectAdmin(ctx, o, "homeroom keys")
	if err != nil {
		return err
	}
	defer installation.Close()
	list, err := installation.WriteKeys(ctx)
	if err != nil {
		return err
	}
	return printResult(o, c.Format, list, writeKeysText(list.Keys))
}

func writeKeysText(keys []admin.WriteKeyInfo) string {
	if len(keys) == 0 {
		return "There is no write key: nobody can post events over HTTP. `homeroom keys create NAME` makes one."
	}
	text := table(func(row func(...any)) {
		row("ID", "FOR", "SCOPES", "LIMIT", "MADE", "STATE")
		for _, key := range keys {
			scopes := "everything"
			if len(key.Scopes) > 0 {
				scopes = strings.Join(key.Scopes, ", ")
			}
			limit := "none"
			if key.PerSecond > 0 {
				limit = fmt.Sprintf("%d/s", key.PerSecond)
			}
			state := "in use"
			if !key.RevokedAt.IsZero() {
				state = fmt.Sprintf("revoked by %s at %s", printable(key.RevokedBy), key.RevokedAt.UTC().Format(time.RFC3339))
			}
			row(key.ID, printable(key.Name), scopes, limit, printable(key.By)+" at "+key.At.UTC().Format(time.RFC3339), state)
		}
	})
	return strings.TrimSuffix(text, "\n")
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

// confirm asks whether the key is meant.
func (c *KeysRevokeCmd) confirm(o IO) error {
	if c.Yes {
		return nil
	}
	in, ok := o.In.(*os.File)
	if !ok || !isTerminal(in) || !o.Terminal {
		return usage(errors.New("no terminal is there to ask whether this key is meant: add --yes"))
	}
	fmt.Fprint(o.Err, "Whoever posts with this key is refused from now on. Revoke it? [y/N] ")
	typed, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(typed), "y") {
		return errors.New("nothing was revoked")
	}
	return nil
}

// Run revokes a key, after asking.
func (c *KeysRevokeCmd) Run(ctx context.Context, o IO) error {
	if err := c.confirm(o); err != nil {
		return err
	}
	installation, err := c.connectAdmin(ctx, o, "homeroom keys")
	if err != nil {
		return err
	}
	defer installation.Close()
	changed, err := installation.RevokeWriteKey(ctx, c.ID)
	if err != nil {
		return err
	}
	text := "Revoked."
	if !changed {
		text = "It was revoked already."
	}
	_, err = fmt.Fprintln(o.Out, text)
	return err
}
