package admin

import "context"

// MarkUnapproved returns what a publication's note and audit record say besides.
func (i *Installation) MarkUnapproved(ctx context.Context, opts PublishOptions) (PublishOptions, error) {
	return i.markUnapproved(ctx, opts)
}
