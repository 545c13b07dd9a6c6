// Package inapp announces nudges on NATS, so that the platform shows them in its own pages or pushes them: each is one
// message of the stream NUDGES, on nudges.<learner>.<rule>, with a [Nudge] as JSON.
//
//	sub, _ := js.CreateOrUpdateConsumer(ctx, "NUDGES", jetstream.ConsumerConfig{FilterSubject: "nudges.u_42.>"})
//
// The send id travels as Nats-Msg-Id: a nudge that is announced twice within the stream's window is stored once. Who
// shows nudges remembers the ids it has shown, since a window ends.
//
// The package must not know who is asked before a nudge goes out, or what the ledger says; that is package delivery's.
package inapp
