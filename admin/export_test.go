package admin

import "context"

// MarkUnapproved returns what a publication's note and audit record say besides.
func (i *Installation) MarkUnapproved(ctx context.Context, opts PublishOptions) (PublishOptions, error) {
	return i.markUnapproved(ctx, opts)
}

// LiftPause lifts the pause that was seen.
func (i *Installation) LiftPause(ctx context.Context, seen, lifted KillSwitch) error {
	return i.liftPause(ctx, seen, lifted)
}
