package app

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"homeroom/store"
)

// ensureSecrets returns the installation's secrets, and records which is in use. The edge may not write that record, and follows the others.
func ensureSecrets(ctx context.Context, o Options, name string) ([][]byte, error) {
	secrets, err := store.EnsureSecrets(ctx, o.JetStream, o.Secrets)
	if err != nil {
		return nil, err
	}
	if slices.Contains(o.Roles, RoleTriggers) || slices.Contains(o.Roles, RoleWorker) {
		err = store.RecordSecrets(ctx, o.JetStream, secrets, name, time.Now())
	}
	return secrets, err
}

// recordNotStarted records that this process does not start because it was given another secret, so that the doctor knows, who is given none.
func recordNotStarted(ctx context.Context, o Options, why error) {
	var other *store.OtherSecretError
	if !errors.As(why, &other) {
		return
	}
	if err := store.RecordNotStarted(ctx, o.JetStream, hostName(), roleNames(o.Roles), why); err != nil {
		o.Log.Warn("the doctor cannot know that this process did not start", "error", err)
	}
}

// removeNotStarted removes the record of a start of this host and these roles that failed.
func (a *App) removeNotStarted(ctx context.Context) {
	name := store.RefusedName(hostName(), roleNames(a.roles))
	for _, i := range a.store.Control.Instances() {
		if i.Name != name || i.NotStarted == "" {
			continue
		}
		if err := a.store.Control.RemoveInstance(ctx, name); err != nil && ctx.Err() == nil {
			a.log.Warn("removing the record of a start that failed", "error", err)
		}
	}
}

func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}

func roleNames(roles []Role) []string {
	names := make([]string, 0, len(roles))
	for _, role := range roles {
		names = append(names, string(role))
	}
	return names
}
