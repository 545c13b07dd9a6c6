package doctor

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/narrate"
	"homeroom/store"
)

// checkWriteKeys looks whether there is a key where events are taken over HTTP.
func (e *examination) checkWriteKeys(ctx context.Context, js jetstream.JetStream) {
	keys, err := store.OpenWriteKeys(ctx, js)
	if err != nil {
		e.reportFailure("write-keys", err.Error(), runSetup)
		return
	}
	defer keys.Close()
	inUse := 0
	unlimited := 0
	list := keys.List()
	for _, key := range list {
		if !key.RevokedAt.IsZero() {
			continue
		}
		inUse++
		if key.PerSecond == 0 {
			unlimited++
		}
	}
	says := fmt.Sprintf("%s in use, %d revoked", narrate.Count(inUse, "write key"), len(list)-inUse)
	switch {
	case e.posts && inUse == 0:
		e.reportWarning("write-keys", "events are taken over HTTP, and there is no write key: everybody is refused", "`homeroom keys create NAME` makes one")
	case unlimited > 0:
		e.reportOK("write-keys", fmt.Sprintf("%s; %d of them without a limit of events a second", says, unlimited))
	default:
		e.reportOK("write-keys", says)
	}
}
