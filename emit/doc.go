// Package emit publishes events to Homeroom over NATS, for platforms in Go: under the right subject, with the message id that makes a repeat harmless, again until
// the stream has confirmed it. `homeroom catalog --format go` writes a type for every event, the team's own included, that makes an [Event]:
//
//	publisher := emit.New(js)
//	err := publisher.Publish(ctx, events.LessonCompleted{LessonID: "l1", CourseID: "c1"}.Event("u_42", "01J9Z6", time.Now()))
//
// The package needs NATS's client and nothing of Homeroom but its subjects.
package emit
