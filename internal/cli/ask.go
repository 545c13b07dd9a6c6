package cli

import (
	"context"
	"time"

	"homeroom/admin"
)

// connector is flags that say how to connect to an installation. Whoever calls connect closes the installation; the name is what NATS's monitoring shows.
type connector interface {
	connect(ctx context.Context, o IO, name string) (*admin.Installation, error)
}

// askInstallation connects to an installation, asks it something, and closes the connection.
func askInstallation[T any](ctx context.Context, o IO, from connector, name string, question func(i *admin.Installation) (T, error)) (answer T, err error) {
	installation, err := from.connect(ctx, o, name)
	if err != nil {
		return answer, err
	}
	defer installation.Close()
	return question(installation)
}

// askReading is askInstallation for a question that reads streams, which takes long: a line on the terminal says how much was read.
func askReading[T any](ctx context.Context, o IO, from connector, name string, question func(i *admin.Installation, onRead func(done, total int64)) (T, error)) (T, error) {
	return askInstallation(ctx, o, from, name, func(i *admin.Installation) (T, error) {
		onRead, clearLine := o.DrawReading()
		defer clearLine()
		return question(i, onRead)
	})
}

// readSince reads --since; the result returns the time that it says, counted back from now. A text that says no time is an error of usage.
func readSince(text string) (since func(now time.Time) time.Time, err error) {
	if _, err := sinceFlag(text, time.Time{}); err != nil {
		return nil, err
	}
	return func(now time.Time) time.Time {
		at, _ := sinceFlag(text, now) // it was read above
		return at
	}, nil
}
